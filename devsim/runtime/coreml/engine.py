"""The calls into Core ML, through coremltools 9; they run in a helper process only.

``coremltools.models.CompiledMLModel`` holds Python's global lock for the whole of a load and of a
predict (``coremlpython/CoreMLPython.mm``), so within one process no two of them overlap.
"""

import gc
import os
import time
from pathlib import Path
from typing import Protocol

from devsim.runtime.coreml.errors import EngineError
from devsim.runtime.coreml.features import from_coreml, to_coreml
from devsim.runtime.coreml.interface import Interface, Interfaces, read_interfaces
from devsim.runtime.coreml.libproc import phys_footprint
from devsim.runtime.coreml.messages import Loaded
from devsim.runtime.coreml.units import ComputeUnit
from devsim.runtime.protocol import Array, Tensors


class Engine(Protocol):
    """What a helper process does, with one model at a time.

    Every method raises EngineError when the call beneath it fails.
    """

    def describe(self, package: Path) -> Interfaces:
        """What a package takes and returns."""

    def compile(self, package: Path, destination: Path) -> int:
        """Compile an ``.mlpackage`` to an ``.mlmodelc``; says how many nanoseconds it took."""

    def load(self, compiled: Path, unit: ComputeUnit, interface: Interface) -> Loaded:
        """Load an ``.mlmodelc``, with its states at zero."""

    def predict(self, tensors: Tensors) -> dict[str, Array]:
        """Compute the outputs of the loaded model."""

    def unload(self) -> None:
        """Let the loaded model go."""


class CoreMLEngine:
    """See ``Engine``; the guide is apple.github.io/coremltools, "Model Prediction"."""

    def __init__(self) -> None:
        import coremltools as ct  # now, and not in the first load's time

        self._interface: Interface | None = None
        self._model: ct.models.CompiledMLModel | None = None
        self._state: ct.models.model.MLState | None = None

    def describe(self, package: Path) -> Interfaces:
        """See ``Engine.describe``."""
        try:
            return read_interfaces(package)
        except Exception as error:
            raise EngineError(error) from error

    def compile(self, package: Path, destination: Path) -> int:
        """See ``Engine.compile``."""
        import coremltools as ct

        started = time.monotonic_ns()
        try:
            ct.utils.compile_model(str(package), destination_path=str(destination))
        except Exception as error:
            raise EngineError(error) from error
        return time.monotonic_ns() - started

    def load(self, compiled: Path, unit: ComputeUnit, interface: Interface) -> Loaded:
        """See ``Engine.load``."""
        import coremltools as ct

        before = phys_footprint(os.getpid())
        started = time.monotonic_ns()
        try:
            self._model = ct.models.CompiledMLModel(
                str(compiled),
                compute_units=ct.ComputeUnit[unit.name],
                function_name=interface.function,
            )
            took = time.monotonic_ns() - started
            # A new state of Core ML is of zeros.
            self._state = self._model.make_state() if interface.stateful else None
        except Exception as error:
            raise EngineError(error) from error
        self._interface = interface
        return Loaded(took, max(0, phys_footprint(os.getpid()) - before))

    def predict(self, tensors: Tensors) -> dict[str, Array]:
        """See ``Engine.predict``; coremltools returns float16 outputs as float32."""
        if self._model is None or self._interface is None:
            raise AssertionError("predict before load")
        try:
            given = {
                spec.name: to_coreml(tensors[spec.name], spec) for spec in self._interface.inputs
            }
            computed = self._model.predict(given, state=self._state)
            return {
                spec.name: from_coreml(computed[spec.name], spec)
                for spec in self._interface.outputs
            }
        except Exception as error:
            raise EngineError(error) from error

    def unload(self) -> None:
        """See ``Engine.unload``; the system may take the memory back a little later."""
        self._model = self._state = self._interface = None
        gc.collect()
