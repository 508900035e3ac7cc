"""Where a block's parameters come from: seeded random numbers or a published checkpoint."""

import hashlib
import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Protocol

import torch
from torch import Tensor, nn

from devsim.core.errors import BadFileError, BadInputError, MissingExtraError
from devsim.core.files import file_digest


class Weights(Protocol):
    """A source of parameters by their name in the whole model."""

    @property
    def label(self) -> str:
        """What the manifest records; two sources with one label give the same values."""

    def tensor(self, key: str, like: Tensor) -> Tensor:
        """The float32 values of one parameter or buffer, of the shape of ``like``."""


class _TensorFile(Protocol):
    """What safetensors opens."""

    def keys(self) -> Iterable[str]:
        """Names of its tensors."""

    def get_tensor(self, name: str) -> Tensor:
        """Read one."""


def materialise(part: nn.Module, whole: nn.Module, weights: Weights) -> nn.Module:
    """Fill ``part``, which shares its submodules with ``whole``, and leave the rest empty.

    Args:
        part: the module of one block.
        whole: the model that names the parameters, built on the ``meta`` device.
        weights: where the values come from.
    """
    names = {id(tensor): key for key, tensor in whole.state_dict(keep_vars=True).items()}
    state = part.state_dict(keep_vars=True)
    filled = {key: weights.tensor(names[id(tensor)], tensor) for key, tensor in state.items()}
    part.load_state_dict(filled, assign=True)
    return part.eval().requires_grad_(requires_grad=False)


@dataclass(frozen=True)
class RandomWeights:
    """Seeded values, each drawn from its own stream, so that no block depends on another."""

    seed: int

    @property
    def label(self) -> str:
        """``random seed N``."""
        return f"random seed {self.seed}"

    def tensor(self, key: str, like: Tensor) -> Tensor:
        """Values that keep activations of order one and leave nothing at zero.

        A matrix is scaled by its inputs; a vector is a norm's weight, near one, or a bias. A
        tensor that is not on the ``meta`` device has its value by a formula and keeps it.
        """
        if not like.is_meta:
            return like
        stream = hashlib.sha256(f"{self.seed}/{key}".encode()).digest()
        generator = torch.Generator().manual_seed(int.from_bytes(stream[:8], "big", signed=True))
        noise = torch.randn(like.shape, generator=generator)
        if like.ndim > 1:
            return noise / math.sqrt(like[0].numel())
        return (1.0 if key.endswith(".weight") else 0.0) + 0.1 * noise


@dataclass(frozen=True)
class CheckpointWeights:
    """The ``*.safetensors`` files of a folder, read tensor by tensor; nothing is unpickled."""

    folder: Path

    @property
    def label(self) -> str:
        """The folder's name and the first digits of a digest of its files."""
        digest = hashlib.sha256()
        for path in self._files:
            digest.update(file_digest(path).encode())
        return f"checkpoint {self.folder.resolve().name} {digest.hexdigest()[:12]}"

    def tensor(self, key: str, like: Tensor) -> Tensor:
        """Read one tensor.

        Raises:
            BadFileError: the checkpoint lacks it, or has it in another shape.
        """
        path = self._index.get(key)
        if path is None:
            raise BadFileError(
                self.folder, f"has no tensor '{key}'", "give the checkpoint of this workload"
            )
        value = _open(path).get_tensor(key)
        if value.shape != like.shape:
            raise BadFileError(
                path,
                f"'{key}' is {list(value.shape)}, not {list(like.shape)}",
                "choose the size that the checkpoint was made for",
            )
        return value.float()

    @cached_property
    def _files(self) -> list[Path]:
        files = sorted(self.folder.glob("*.safetensors"))
        if not files:
            raise BadInputError(
                f"{self.folder}: has no .safetensors file",
                "name a folder with a checkpoint in the safetensors format",
            )
        return files

    @cached_property
    def _index(self) -> dict[str, Path]:
        index = {}
        for path in self._files:
            index.update(dict.fromkeys(_open(path).keys(), path))
        return index


def _open(path: Path) -> _TensorFile:
    try:
        import safetensors
    except ModuleNotFoundError:
        raise MissingExtraError("reading a checkpoint", "models") from None
    try:
        file: _TensorFile = safetensors.safe_open(path, framework="pt")
    except (OSError, safetensors.SafetensorError) as error:
        raise BadFileError(path, f"cannot be read ({error})", "download it again") from error
    return file
