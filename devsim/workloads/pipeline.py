"""What every workload gives: stages of blocks, each built in torch on its own."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from torch import nn

from devsim.core.manifest import Port
from devsim.workloads.weights import RandomWeights, Weights


@dataclass(frozen=True, slots=True)
class TorchBlock:
    """One block: its interface and how to build its module.

    Attributes:
        name: unique in its stage.
        inputs: what the module takes, in the order of its arguments.
        outputs: what it returns, in order.
        build: makes the module with its weights, and nothing of any other block.
    """

    name: str
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    build: Callable[[], nn.Module]


@dataclass(frozen=True, slots=True)
class TorchStage:
    """One model: its blocks in compute order, run ``iterations`` times by default.

    Attributes:
        name: unique in its pipeline.
        iterations: how often the blocks run, by default.
        blocks: the default variant of every block.
        alternatives: other variants of some blocks, by the variant's name; each takes the place
            of the block of its name, with the same interface and weights.
    """

    name: str
    iterations: int
    blocks: tuple[TorchBlock, ...]
    alternatives: dict[str, tuple[TorchBlock, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TorchPipeline:
    """A workload at one size, input shape and set of weights, ready to convert."""

    workload: str
    size: str
    shape: str
    weights: str
    stages: tuple[TorchStage, ...]


@dataclass(frozen=True, slots=True)
class Options:
    """What a user may choose.

    Attributes:
        size: ``full``, or a reduced size with the same structure.
        shape: the workload's input shape, such as ``(frames, height, width)`` of a latent;
            the workload's default when None.
        depth: how many of the repeated blocks, all when None.
        weights: where parameters come from.
    """

    size: str = "full"
    shape: tuple[int, ...] | None = None
    depth: int | None = None
    weights: Weights = field(default_factory=lambda: RandomWeights(seed=0))


class Workload(Protocol):
    """A named workload."""

    @property
    def name(self) -> str:
        """The name on the command line."""

    @property
    def sizes(self) -> tuple[str, ...]:
        """The sizes it can be made at, ``full`` first."""

    def pipeline(self, options: Options) -> TorchPipeline:
        """List the blocks; builds none of them.

        Raises:
            BadInputError: an option that the workload does not have.
            BadFileError: a checkpoint that cannot be read.
        """
