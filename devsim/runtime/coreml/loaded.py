"""A package that Core ML holds in a helper process."""

import threading
from dataclasses import dataclass
from pathlib import Path

from devsim.core.errors import BadInputError
from devsim.runtime.coreml.interface import Interface
from devsim.runtime.coreml.messages import Predict, Predicted, Unload, Unloaded
from devsim.runtime.coreml.process import HelperDiedError, HelperPool, HelperProcess, naming
from devsim.runtime.protocol import Array, Tensors, TensorSpec


@dataclass(frozen=True, slots=True)
class LoadTimes:
    """What a load took in Core ML, without the way to the helper process and back."""

    compile_ns: int | None
    """Compiling; None when the compiled package was there already."""
    load_ns: int
    cold: bool
    """Whether Core ML had never loaded the compiled package from this path."""


@dataclass(frozen=True, slots=True)
class Held:
    """What a helper has loaded."""

    interface: Interface
    resident_bytes: int
    times: LoadTimes


class LoadedCoreML:
    """See ``LoadedPackage``. Core ML does not promise a failed predict to leave states alone."""

    def __init__(self, package: Path, held: Held, helper: HelperProcess, pool: HelperPool) -> None:
        self._package = package
        self._held = held
        self._pool = pool
        self._lock = threading.Lock()
        self._helper: HelperProcess | None = helper

    @property
    def inputs(self) -> tuple[TensorSpec, ...]:
        """What ``predict`` takes."""
        return self._held.interface.inputs

    @property
    def outputs(self) -> tuple[TensorSpec, ...]:
        """What ``predict`` returns."""
        return self._held.interface.outputs

    @property
    def resident_bytes(self) -> int:
        """How far the load raised the helper's footprint."""
        return self._held.resident_bytes

    @property
    def times(self) -> LoadTimes:
        """What the load took."""
        return self._held.times

    def predict(self, tensors: Tensors) -> dict[str, Array]:
        """Compute every output; see ``LoadedPackage.predict``.

        Raises:
            BadInputError: an input is not as declared, or the package is unloaded.
            CoreMLError: Core ML failed, or killed the helper process.
        """
        with self._lock:
            if self._helper is None:
                raise BadInputError(f"{self._package}: is unloaded", "load it again")
            request = Predict(self._held.interface.check(self._package, tensors))
            with naming(self._package, "computing"):
                return self._helper.ask(request, Predicted).tensors

    def unload(self) -> None:
        """Let the model go; waits for a predict that runs. Its helper waits for the next one."""
        with self._lock:
            helper, self._helper = self._helper, None
        if helper is None:
            return
        try:
            helper.ask(Unload(), Unloaded)
        except HelperDiedError:
            self._pool.discard(helper)
        else:
            self._pool.give_back(helper)
