"""A folder with the files of one published model, read tensor by tensor; no code is unpickled."""

import hashlib
import json
import pickle
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Protocol

import torch
from torch import Tensor

from devsim.core.confined import readable
from devsim.core.errors import BadFileError, BadInputError, MissingExtraError
from devsim.core.files import file_digest
from devsim.core.printable import quoted
from devsim.core.regular_files import read_regular, require_regular

_ENDINGS = ("safetensors", "bin")
_AGAIN = "download it again"
_INDEX_BYTES = 16 << 20
_TORCH_FAULTS = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    LookupError,
    MemoryError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
    pickle.UnpicklingError,
)
"""What ``torch.load`` raises for files that are not what they say."""


class _TensorFile(Protocol):
    """An open file of named tensors."""

    def keys(self) -> Iterable[str]:
        """Names of its tensors."""

    def get_tensor(self, name: str) -> Tensor:
        """Read one."""


@dataclass(frozen=True)
class Checkpoint:
    """The ``*.safetensors`` files of a folder or, where it has none, its ``*.bin`` of torch.

    Attributes:
        folder: where the files are; with an index, those that it names.
        prefix: what the names of the wanted tensors begin with in the files.
    """

    folder: Path
    prefix: str = ""

    def tensor(self, key: str, like: Tensor, std: float | None = None) -> Tensor:
        """Read one tensor as float32; nothing of it is drawn.

        Raises:
            BadFileError: the checkpoint lacks it, or has it in another shape.
        """
        name = self.prefix + key
        path = self._index.get(name)
        if path is None:
            raise BadFileError(
                self.folder, f"has no tensor '{name}'", "give the checkpoint of this workload"
            )
        value = _open(path).get_tensor(name)
        if value.shape != like.shape:
            raise BadFileError(
                path,
                f"'{quoted(name)}' is {list(value.shape)}, not {list(like.shape)}",
                "choose the size that the checkpoint was made for",
            )
        if kind := _unusable(value):
            fix = "save it as an ordinary tensor of floating-point numbers"
            raise BadFileError(path, f"'{quoted(name)}' is {kind}", fix)
        if not torch.isfinite(value).all():
            problem = f"'{quoted(name)}' has values that are not finite"
            raise BadFileError(path, problem, _AGAIN)
        return value.float()

    def keys(self) -> list[str]:
        """Names of the tensors, less the prefix; those without it are left out."""
        cut = len(self.prefix)
        return [name[cut:] for name in self._index if name.startswith(self.prefix)]

    @property
    def present(self) -> bool:
        """Whether the folder has such files."""
        return any(any(self.folder.glob(f"*.{ending}")) for ending in _ENDINGS)

    @cached_property
    def files(self) -> tuple[Path, ...]:
        """The files, in order of their names.

        Raises:
            BadInputError: there are none.
            BadFileError: an index that cannot be read, or a file it names is missing.
        """
        for ending in _ENDINGS:
            indices = sorted(self.folder.glob(f"*.{ending}.index.json"))
            files = _indexed(indices[0]) if indices else self.folder.glob(f"*.{ending}")
            if found := tuple(sorted(files)):
                for path in found:
                    readable(self.folder, path.name)
                return found
        raise BadInputError(
            f"{self.folder}: has no .safetensors or .bin file",
            "name a folder with a published checkpoint",
        )

    @cached_property
    def digest(self) -> str:
        """A digest of all the files."""
        digest = hashlib.sha256()
        for path in self.files:
            digest.update(file_digest(path).encode())
        return digest.hexdigest()

    @cached_property
    def _index(self) -> dict[str, Path]:
        index = {}
        for path in self.files:
            index.update(dict.fromkeys(_open(path).keys(), path))
        return index


def _unusable(value: Tensor) -> str:
    """What is wrong with the kind of a tensor; empty if nothing is."""
    kinds = {
        "quantised": value.is_quantized,
        "sparse": value.layout != torch.strided,
        "without values": value.is_meta,
        "complex": value.is_complex(),
    }
    return next((kind for kind, found in kinds.items() if found), "")


class _TorchFile:
    """What ``torch.save`` wrote: a dictionary of tensors, mapped and not read until needed."""

    def __init__(self, path: Path) -> None:
        # Only tensors and plain containers are made; any other class is refused, not called.
        state = torch.load(path, map_location="cpu", mmap=True, weights_only=True)
        if not isinstance(state, dict) or not all(torch.is_tensor(v) for v in state.values()):
            raise BadFileError(path, "is not a dictionary of tensors", "give a model's weights")
        self._state: dict[str, Tensor] = state

    def keys(self) -> Iterable[str]:
        """Names of its tensors."""
        return self._state.keys()

    def get_tensor(self, name: str) -> Tensor:
        """One tensor, in pages of the file."""
        return self._state[name]


def _open(path: Path) -> _TensorFile:
    require_regular(path)
    if path.suffix == ".bin":
        try:
            return _TorchFile(path)
        except _TORCH_FAULTS as error:
            reason = (str(error).splitlines() or [type(error).__name__])[0]
            raise BadFileError(path, f"cannot be read ({reason})", _AGAIN) from error
    try:
        import safetensors
    except ModuleNotFoundError:
        raise MissingExtraError("reading a checkpoint", "models") from None
    try:
        file: _TensorFile = safetensors.safe_open(path, framework="pt")
    except (OSError, safetensors.SafetensorError) as error:
        raise BadFileError(path, f"cannot be read ({error})", _AGAIN) from error
    return file


def _indexed(index: Path) -> list[Path]:
    """The files that an index of a checkpoint in shards names."""
    try:
        names = set(json.loads(read_regular(index, _INDEX_BYTES))["weight_map"].values())
        files = [index.with_name(Path(str(name)).name) for name in names]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise BadFileError(index, "is not an index of a checkpoint", _AGAIN) from error
    for path in files:
        if not path.is_file():
            raise BadFileError(path, f"is missing, but {index.name} names it", _AGAIN)
    return files
