"""Where a block's parameters come from: seeded random numbers or published checkpoints."""

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Protocol

import torch
from torch import Tensor, nn

from devsim.core.errors import BadInputError
from devsim.workloads.checkpoint import Checkpoint


@dataclass(frozen=True, slots=True)
class Component:
    """A model of a workload that is published by itself.

    Attributes:
        name: the folder that may hold it.
        repository: where it is published; a folder of that name, with or without its owner, may
            hold it too.
        subfolder: where in its repository it is.
        whole: a component that holds this one's tensors as well, and is preferred,
        prefix: and what their names begin with there.
    """

    name: str
    repository: str
    subfolder: str = ""
    whole: "Component | None" = None
    prefix: str = ""

    @property
    def folders(self) -> tuple[Path, ...]:
        """The folders that may hold it."""
        repository = Path(self.repository)
        return (
            Path(self.name),
            Path(repository.name) / self.subfolder,
            repository / self.subfolder,
        )


class Weights(Protocol):
    """A source of parameters by their name in the whole model."""

    def tensor(self, key: str, like: Tensor, std: float | None = None) -> Tensor:
        """The float32 values of one parameter or buffer.

        Args:
            key: its name.
            like: of its shape.
            std: the standard deviation that its model initialises it with, for values that are
                drawn; by the number of its inputs when None.
        """


class WeightSource(Protocol):
    """Weights of every component of a workload."""

    def component(self, component: Component) -> Weights:
        """Those of one component."""

    def label(self, components: Sequence[Component]) -> str:
        """What the manifest records; two sources with one label give the same values."""


def materialise(
    part: nn.Module,
    whole: nn.Module,
    weights: Weights,
    stds: Mapping[str, float] = MappingProxyType({}),
) -> nn.Module:
    """Fill ``part``, which shares its submodules with ``whole``, and leave the rest empty.

    Args:
        part: the module of one block.
        whole: the model that names the parameters, built on the ``meta`` device.
        weights: where the values come from.
        stds: standard deviations, by name, that the model initialises parameters with and that
            do not follow from their shapes.
    """
    names: dict[int, str] = {}
    for key, tensor in whole.state_dict(keep_vars=True).items():
        names.setdefault(id(tensor), key)  # a tensor of two names is published by its first
    state = part.state_dict(keep_vars=True)
    filled = {}
    for key, tensor in state.items():
        name = names[id(tensor)]
        filled[key] = weights.tensor(name, tensor, stds.get(name))
    part.load_state_dict(filled, assign=True)
    return part.eval().requires_grad_(requires_grad=False)


@dataclass(frozen=True)
class RandomWeights:
    """Seeded values, each drawn from its own stream, so that no block depends on another."""

    seed: int

    def component(self, component: Component) -> "RandomWeights":
        """The same for every component: names of parameters tell them apart."""
        return self

    def label(self, components: Sequence[Component] = ()) -> str:
        """``random seed N``."""
        return f"random seed {self.seed}"

    def tensor(self, key: str, like: Tensor, std: float | None = None) -> Tensor:
        """Values that keep activations of order one and leave nothing at zero.

        A matrix is scaled by ``std`` or by its inputs; a vector is a norm's weight, near one, or
        a bias. A tensor that is not on the ``meta`` device has its value by a formula and keeps it.
        """
        if not like.is_meta:
            return like
        stream = hashlib.sha256(f"{self.seed}/{key}".encode()).digest()
        generator = torch.Generator().manual_seed(int.from_bytes(stream[:8], "big", signed=True))
        noise = torch.randn(like.shape, generator=generator)
        if like.ndim > 1:
            return noise / math.sqrt(like[0].numel()) if std is None else noise * std
        return (1.0 if key.endswith(".weight") else 0.0) + 0.1 * noise


@dataclass(frozen=True)
class NoWeights:
    """Parameters without values, to count them and what is computed with them."""

    def component(self, component: Component) -> "NoWeights":
        """The same for every component."""
        return self

    def label(self, components: Sequence[Component] = ()) -> str:
        """``none``."""
        return "none"

    def tensor(self, key: str, like: Tensor, std: float | None = None) -> Tensor:
        """A tensor of that shape, on the ``meta`` device."""
        return torch.empty(like.shape, dtype=torch.float32, device="meta")


@dataclass(frozen=True)
class CheckpointWeights:
    """A folder of published checkpoints, one folder a component.

    The checkpoint of a workload's only component may also be in the folder itself.
    """

    folder: Path

    def component(self, component: Component) -> Checkpoint:
        """The files of one component.

        Raises:
            BadInputError: no folder holds it.
        """
        if component.whole is not None:
            holder = self._find(component.whole)
            within = holder and Checkpoint(holder.folder, component.prefix)
            if within and within.keys():
                return within
        found = self._find(component)
        if found is None:
            raise BadInputError(
                f"{self.folder}: has no {component.name}",
                f"download {component.repository} into {self.folder / component.folders[1]}",
            )
        return found

    def label(self, components: Sequence[Component]) -> str:
        """The folder's name and the first digits of a digest of the components' files."""
        digest = hashlib.sha256()
        for component in components:
            digest.update(self.component(component).digest.encode())
        return f"checkpoint {self.folder.resolve().name} {digest.hexdigest()[:12]}"

    def _find(self, component: Component) -> Checkpoint | None:
        for folder in component.folders:
            if (self.folder / folder).is_dir():
                return Checkpoint(self.folder / folder)
        itself = Checkpoint(self.folder)
        return itself if itself.present else None
