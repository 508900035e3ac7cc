"""A pipeline: models of one package that run one after another, each on what was made before."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from devsim.core.printable import quoted
from devsim.mlpackage.proto import Message
from devsim.runtime.inputs import fit_inputs
from devsim.runtime.protocol import Array, Tensors, TensorSpec
from devsim.runtime.reference.faults import MalformedError
from devsim.runtime.reference.program import Program

if TYPE_CHECKING:
    from devsim.runtime.reference.runtime import LoadedReference


@dataclass(frozen=True, slots=True)
class Wiring:
    """What a pipeline takes and gives."""

    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]


def wire(description: Message, programs: Sequence[Program]) -> Wiring:
    """Find what a pipeline's description names in its members.

    Raises:
        MalformedError: no member has it, or a member takes what is not there by then.
    """
    given = {str(feature.name) for feature in description.input}
    known = set(given)
    for number, program in enumerate(programs):
        for port in program.inputs:
            if port.spec.name not in known and port.spec.default is None:
                name = quoted(port.spec.name)
                raise MalformedError(
                    f"model {number} of the pipeline takes '{name}', which is not there"
                )
        known.update(port.spec.name for port in program.outputs)
    takers = [port.spec for program in programs[::-1] for port in program.inputs]
    makers = [port.spec for program in programs for port in program.outputs]
    return Wiring(_named(description.input, takers), _named(description.output, makers))


def _named(features: Iterable[Message], specs: Sequence[TensorSpec]) -> tuple[TensorSpec, ...]:
    """The last specification of each name."""
    by_name = {spec.name: spec for spec in specs}
    for feature in features:
        if feature.name not in by_name:
            raise MalformedError(f"no model of the pipeline has '{quoted(str(feature.name))}'")
    return tuple(by_name[str(feature.name)] for feature in features)


class LoadedPipeline:
    """A pipeline in memory; see ``LoadedPackage``. All of its models are."""

    def __init__(self, package: Path, wiring: Wiring, members: Sequence[LoadedReference]) -> None:
        self._package = package
        self._wiring = wiring
        self._members = tuple(members)

    @property
    def inputs(self) -> tuple[TensorSpec, ...]:
        """What ``predict`` takes."""
        return self._wiring.inputs

    @property
    def outputs(self) -> tuple[TensorSpec, ...]:
        """What ``predict`` returns."""
        return self._wiring.outputs

    @property
    def resident_bytes(self) -> int:
        """See ``LoadedPackage.resident_bytes``."""
        return sum(member.resident_bytes for member in self._members)

    @property
    def mapped_bytes(self) -> int:
        """See ``LoadedReference.mapped_bytes``."""
        return sum(member.mapped_bytes for member in self._members)

    def reset_states(self) -> None:
        """Set every state of every model to zero."""
        for member in self._members:
            member.reset_states()

    def predict(self, tensors: Tensors) -> dict[str, Array]:
        """Compute every output; see ``LoadedPackage.predict``."""
        values = fit_inputs(self._package, self.inputs, tensors).tensors
        for member in self._members:
            taken = {spec.name: values[spec.name] for spec in member.inputs if spec.name in values}
            values |= member.predict(taken)
        return {spec.name: values[spec.name] for spec in self.outputs}

    def unload(self) -> None:
        """Give the weights of every model back to the system."""
        for member in self._members:
            member.unload()
