"""A helper process with a stand-in where Core ML would be: the reference runtime.

The processes, their messages, the cache and the errors are devsim's own; nothing here says
anything about Core ML. "Compiling" copies the package. A package with a file of the name does as it
says: ``kills`` ends its process at the first predict, as Core ML can, ``refused`` does not load,
and ``waits`` computes once the pipe that STAND_IN_GATE names has been opened and closed.
"""

import logging
import os
import shutil
import signal
from pathlib import Path

from devsim.runtime.coreml.engine import Engine
from devsim.runtime.coreml.errors import EngineError
from devsim.runtime.coreml.helper import serve
from devsim.runtime.coreml.interface import Interface, Interfaces, read_interfaces
from devsim.runtime.coreml.messages import Loaded
from devsim.runtime.coreml.units import ComputeUnit
from devsim.runtime.protocol import Array, LoadedPackage, Tensors
from devsim.runtime.reference import ReferenceRuntime


class StandIn(Engine):
    def describe(self, package: Path) -> Interfaces:
        print("what Core ML prints on standard output does not get between the answers")
        try:
            return read_interfaces(package)
        except Exception as error:
            raise EngineError(error) from error

    def compile(self, package: Path, destination: Path) -> int:
        shutil.copytree(package, destination)
        if (package / "does-not-compile").exists():
            raise EngineError(ValueError("the disk is full"))
        return 1

    def load(self, compiled: Path, unit: ComputeUnit, interface: Interface) -> Loaded:
        self._compiled = compiled
        if self._does("refused"):
            raise EngineError(ValueError("Error\n computing NN outputs."))
        self._loaded: LoadedPackage | None = ReferenceRuntime().load(compiled)
        return Loaded(2, self._loaded.resident_bytes)

    def predict(self, tensors: Tensors) -> dict[str, Array]:
        if self._does("kills"):
            os.kill(os.getpid(), signal.SIGKILL)
        if self._does("waits"):
            Path(os.environ["STAND_IN_GATE"]).read_bytes()
        assert self._loaded is not None
        return self._loaded.predict(tensors)

    def _does(self, name: str) -> bool:
        return (self._compiled / name).exists()

    def unload(self) -> None:
        assert self._loaded is not None
        self._loaded.unload()
        self._loaded = None


if __name__ == "__main__":
    logging.getLogger("coremltools").setLevel(logging.ERROR)
    serve(StandIn())
