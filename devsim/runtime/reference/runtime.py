"""The reference runtime: Core ML packages computed with torch, on any system."""

import contextlib
import mmap
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor

from devsim.core.errors import BadFileError, BadInputError, UnsupportedOperationError
from devsim.core.printable import quoted
from devsim.mlpackage.forms import check_program, is_pipeline, members
from devsim.mlpackage.package import Identity, identity, open_package
from devsim.runtime.inputs import fit_inputs
from devsim.runtime.protocol import Array, Tensors, TensorSpec
from devsim.runtime.reference.compiler import compile_program
from devsim.runtime.reference.faults import (
    EndlessLoopError,
    MalformedError,
    OutOfRangeError,
    UnknownOperationError,
)
from devsim.runtime.reference.mil_types import TensorType
from devsim.runtime.reference.ops.states import State
from devsim.runtime.reference.pipeline import LoadedPipeline, Wiring, wire
from devsim.runtime.reference.ports import enter, leave
from devsim.runtime.reference.program import Frame, addresses, run
from devsim.runtime.reference.specialise import Forms
from devsim.runtime.reference.weights import map_weights, read_weights, view

Weights = Literal["read", "mapped"]

_LOOP_LIMIT = 1_000_000


class ReferenceRuntime:
    """Runs ML programs with torch; values keep the dtypes that the package declares.

    A cold load parses and compiles the program; a cached one only opens the weights. Loads and
    predicts of different packages may run on different threads.

    Args:
        weights: ``read`` copies them into anonymous memory at the load; ``mapped`` leaves them in
            the file, to be paged in when they are first used and dropped when memory is short.
        loop_limit: how often the loops of one predict may go round, in all.
    """

    name = "reference"

    def __init__(self, weights: Weights = "read", loop_limit: int = _LOOP_LIMIT) -> None:
        self._options = _Options(map_weights if weights == "mapped" else read_weights, loop_limit)
        self._compiled: dict[tuple[Path, str | None], _Compiled] = {}

    def load(
        self, package: Path, function: str | None = None
    ) -> "LoadedReference | LoadedPipeline":
        """Load a package; see ``Runtime.load``."""
        key = (package.absolute(), function)
        compiled = self._compiled.get(key)
        if compiled is None or not compiled.is_current():
            compiled = _compile(package, function)
            self._compiled[key] = compiled
        loaded = [LoadedReference(package, forms, self._options) for forms in compiled.forms]
        if compiled.wiring is None:
            return loaded[0]
        return LoadedPipeline(package, compiled.wiring, loaded)

    def forget(self, package: Path) -> None:
        """Drop what was compiled of the package, so that the next load is cold."""
        for key in [key for key in self._compiled if key[0] == package.absolute()]:
            self._compiled.pop(key, None)


@dataclass(frozen=True, slots=True)
class _Options:
    open_weights: Callable[[Path], mmap.mmap]
    loop_limit: int


class LoadedReference:
    """A package in memory; see ``LoadedPackage``.

    Its predicts run one at a time; one that fails leaves the states as they were.
    """

    def __init__(self, package: Path, forms: Forms, options: _Options) -> None:
        self._package = package
        self._forms = forms
        self._program = program = forms.program
        self._options = options
        self._lock = threading.Lock()
        self._frame: Frame | None = list(program.template)
        self._states: dict[int, Tensor] = {}
        with _naming(package):
            self._buffers = {
                path: options.open_weights(path)
                for path in sorted({blob.path for _, blob in program.blobs})
            }
            for slot, blob in program.blobs:
                self._frame[slot] = view(self._buffers[blob.path], blob)
        self._own = addresses(self._frame)
        self.reset_states()

    @property
    def inputs(self) -> tuple[TensorSpec, ...]:
        """What ``predict`` takes."""
        return tuple(port.spec for port in self._program.inputs)

    @property
    def outputs(self) -> tuple[TensorSpec, ...]:
        """What ``predict`` returns."""
        return tuple(port.spec for port in self._program.outputs)

    @property
    def resident_bytes(self) -> int:
        """See ``LoadedPackage.resident_bytes``."""
        states = sum(value.nbytes for value in self._states.values())
        return states if self._maps else states + self._weight_bytes

    @property
    def mapped_bytes(self) -> int:
        """Bytes of weights that are mapped, and in memory only as far as they were used."""
        return self._weight_bytes if self._maps else 0

    def reset_states(self) -> None:
        """Set every state to zero, as at the load; waits for a predict that runs."""
        with self._lock:
            if self._frame is not None:
                self._states = {state.slot: _zeros(state.type) for state in self._program.states}

    def predict(self, tensors: Tensors) -> dict[str, Array]:
        """Compute every output; see ``LoadedPackage.predict``."""
        with self._lock, torch.inference_mode():
            if self._frame is None:
                raise BadInputError(f"{self._package}: is unloaded", "load it again")
            given = fit_inputs(self._package, self.inputs, tensors).tensors
            inputs = {
                port.slot: enter(given[port.spec.name], port) for port in self._program.inputs
            }
            del given
            return self._compute(self._frame, inputs)

    def unload(self) -> None:
        """Give the weights back to the system; waits for a predict that runs."""
        with self._lock:
            if self._frame is not None:
                # Emptied, and not only dropped: a traceback may still hold the list.
                self._frame.clear()
            self._frame = None
            self._buffers.clear()
            self._states.clear()

    @property
    def _maps(self) -> bool:
        return self._options.open_weights is map_weights

    @property
    def _weight_bytes(self) -> int:
        return sum(len(buffer) for buffer in self._buffers.values())

    def _compute(self, loaded: Frame, inputs: dict[int, Tensor]) -> dict[str, Array]:
        frame = list(loaded)
        states = {slot: State(value) for slot, value in self._states.items()}
        shapes = tuple(value.shape for value in inputs.values())
        form = self._forms.of(shapes)
        borrowed = self._own | form.addresses | addresses(inputs.values())
        for slot, value in form.values:
            frame[slot] = value
        for slot in list(inputs):
            frame[slot] = inputs.pop(slot)
        for slot, state in states.items():
            frame[slot] = state
        try:
            with _naming(self._package, self._program.flexible):
                run(form.steps, frame, self._options.loop_limit)
            if form.notes is not None:
                self._forms.add(shapes, form.notes)
            kept = {slot: state.value for slot, state in states.items()}
            borrowed |= addresses(kept.values())
            outputs = {
                port.spec.name: leave(frame[port.slot], port, borrowed)
                for port in self._program.outputs
            }
            self._states = kept
            return outputs
        finally:
            # A traceback that outlives this call must not keep weights alive.
            frame.clear()


@dataclass(frozen=True, slots=True)
class _Compiled:
    """The program of a package, or those of a pipeline and how they go together."""

    forms: tuple[Forms, ...]
    wiring: Wiring | None
    files: tuple[Identity, ...]

    def is_current(self) -> bool:
        try:
            return all(identity(file.path) == file for file in self.files)
        except BadFileError:
            return False


def _compile(package: Path, function: str | None) -> _Compiled:
    opened = open_package(package)
    pipeline = is_pipeline(opened.model)
    if pipeline and function is not None:
        raise BadInputError(f"{package}: is a pipeline, which has no functions", "name no function")
    for member in members(opened.model):
        check_program(package, member)
    with _naming(package):
        programs = [
            compile_program(replace(opened, model=member), function)
            for member in members(opened.model)
        ]
        wiring = wire(opened.model.description, programs) if pipeline else None
    weights = sorted({blob.path for program in programs for _, blob in program.blobs})
    files = *opened.files, *(identity(path) for path in weights)
    return _Compiled(tuple(map(Forms, programs)), wiring, files)


@contextlib.contextmanager
def _naming(package: Path, flexible: bool = False) -> Iterator[None]:
    """Name the package in what is wrong inside it.

    Args:
        package: its folder.
        flexible: whether the shapes that were given can be what is wrong.
    """
    fix = "convert the package again"
    if flexible:
        fix = f"give inputs of shapes that go together, or {fix}"
    try:
        yield
    except OutOfRangeError as error:
        raise BadInputError(
            f"{package}: {quoted(str(error))}",
            "give indices that are within range, with --inputs FILE.npz",
        ) from error.with_traceback(None)
    except MalformedError as error:
        # Without its traceback, which would keep the values of the failed step alive.
        cause = error.with_traceback(None)
        raise BadFileError(package, quoted(str(error)), fix) from cause
    except UnknownOperationError as error:
        raise UnsupportedOperationError(
            f"{package}: the reference runtime does not know {quoted(str(error))}",
            "convert the model without it, or run it with --runtime coreml on a Mac",
        ) from error
    except EndlessLoopError as error:
        raise BadInputError(
            f"{package}: {quoted(str(error))} has not ended",
            "give inputs for which it does, or allow more with ReferenceRuntime(loop_limit=...)",
        ) from error.with_traceback(None)


def _zeros(declared: TensorType) -> Tensor:
    return torch.zeros(declared.known_shape or (), dtype=declared.element.dtype)
