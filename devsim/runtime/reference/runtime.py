"""The reference runtime: Core ML packages computed with torch, on any system."""

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from devsim.core.errors import BadFileError, BadInputError, UnsupportedOperationError
from devsim.runtime.protocol import Array, Tensors, TensorSpec
from devsim.runtime.reference.compiler import compile_program
from devsim.runtime.reference.faults import MalformedError, UnknownOperationError, one_line
from devsim.runtime.reference.package import Identity, identity, open_package
from devsim.runtime.reference.program import Frame, Port, Program, run
from devsim.runtime.reference.weights import read_weights, view


class ReferenceRuntime:
    """Runs ML programs with torch; values keep the dtypes that the package declares.

    A cold load parses and compiles the program; a cached one only reads the weights. Loads and
    predicts of different packages may run on different threads.
    """

    name = "reference"

    def __init__(self) -> None:
        self._compiled: dict[Path, _Compiled] = {}

    def load(self, package: Path) -> "LoadedReference":
        """Load a package; see ``Runtime.load``."""
        compiled = self._compiled.get(package.absolute())
        if compiled is None or not compiled.is_current():
            compiled = _compile(package)
            self._compiled[package.absolute()] = compiled
        return LoadedReference(package, compiled.program)

    def forget(self, package: Path) -> None:
        """Drop the compiled program, so that the next load is cold."""
        self._compiled.pop(package.absolute(), None)


class LoadedReference:
    """A package in memory; see ``LoadedPackage``. Its predicts run one at a time."""

    def __init__(self, package: Path, program: Program) -> None:
        self._package = package
        self._program = program
        self._lock = threading.Lock()
        self._frame: Frame | None = list(program.template)
        with _naming(package):
            self._buffers = {
                path: read_weights(path) for path in sorted({b.path for _, b in program.blobs})
            }
            for slot, blob in program.blobs:
                self._frame[slot] = view(self._buffers[blob.path], blob)

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
        """Bytes of the weight files, which are all in memory."""
        return sum(len(buffer) for buffer in self._buffers.values())

    def predict(self, tensors: Tensors) -> dict[str, Array]:
        """Compute every output; see ``LoadedPackage.predict``."""
        with self._lock, torch.inference_mode():
            if self._frame is None:
                raise BadInputError(f"{self._package}: is unloaded", "load it again")
            self._check_names(tensors)
            inputs = {
                port.slot: _from_numpy(tensors[port.spec.name], port, self._package)
                for port in self._program.inputs
            }
            return self._compute(self._frame, inputs)

    def unload(self) -> None:
        """Give the weights back to the system; waits for a predict that runs."""
        with self._lock:
            if self._frame is not None:
                # Emptied, and not only dropped: a traceback may still hold the list.
                self._frame.clear()
            self._frame = None
            self._buffers.clear()

    def _compute(self, loaded: Frame, inputs: dict[int, Tensor]) -> dict[str, Array]:
        frame = list(loaded)
        borrowed = {
            value.untyped_storage().data_ptr()
            for value in (*loaded, *inputs.values())
            if isinstance(value, Tensor)
        }
        for slot in list(inputs):
            frame[slot] = inputs.pop(slot)
        try:
            with _naming(self._package):
                run(self._program.steps, frame)
            return {
                port.spec.name: _to_numpy(frame[port.slot], borrowed)
                for port in self._program.outputs
            }
        finally:
            # A traceback that outlives this call must not keep weights alive.
            frame.clear()

    def _check_names(self, tensors: Tensors) -> None:
        wanted = {port.spec.name for port in self._program.inputs}
        for name in sorted(wanted.symmetric_difference(tensors)):
            problem = "is missing" if name in wanted else "is not an input of it"
            raise BadInputError(
                f"{self._package}: '{name}' {problem}", f"give {', '.join(sorted(wanted))}"
            )


@dataclass(frozen=True, slots=True)
class _Compiled:
    program: Program
    files: tuple[Identity, ...]

    def is_current(self) -> bool:
        try:
            return all(identity(file.path) == file for file in self.files)
        except BadFileError:
            return False


def _compile(package: Path) -> _Compiled:
    opened = open_package(package)
    with _naming(package):
        program = compile_program(opened)
    weights = sorted({blob.path for _, blob in program.blobs})
    return _Compiled(program, (*opened.files, *(identity(path) for path in weights)))


@contextlib.contextmanager
def _naming(package: Path) -> Iterator[None]:
    try:
        yield
    except MalformedError as error:
        raise BadFileError(package, one_line(str(error)), "convert the package again") from error
    except UnknownOperationError as error:
        raise UnsupportedOperationError(
            f"{package}: the reference runtime does not know {one_line(str(error))}",
            "convert the model without it, or run it with --runtime coreml on a Mac",
        ) from error


def _from_numpy(array: Array, port: Port, package: Path) -> Tensor:
    spec = port.spec
    if not isinstance(array, np.ndarray) or (array.dtype, array.shape) != (
        np.dtype(spec.dtype),
        spec.shape,
    ):
        given = getattr(array, "dtype", type(array).__name__)
        raise BadInputError(
            f"{package}: input '{spec.name}' is {given} {np.shape(array)}",
            f"give it as {spec.dtype} {spec.shape}",
        )
    usable = array.flags.c_contiguous and array.flags.writeable and array.flags.aligned
    return torch.from_numpy(array if usable else array.copy())


def _to_numpy(value: Tensor, borrowed: set[int]) -> Array:
    """The result as an array of its own: it keeps no weights and no larger activation alive.

    Args:
        value: an output.
        borrowed: addresses of storages that are not the caller's to keep; grows by this one.
    """
    storage = value.untyped_storage()
    owned = storage.nbytes() == value.nbytes and storage.data_ptr() not in borrowed
    if not owned or not value.is_contiguous():
        value = value.clone(memory_format=torch.contiguous_format)
    borrowed.add(value.data_ptr())
    return value.numpy()
