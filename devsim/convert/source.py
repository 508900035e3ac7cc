"""What can be converted: the shape of a workload, stage and block, whoever defines them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from torch import nn

from devsim.core.manifest import Port


class BlockSource(Protocol):
    """A block that can be built in torch; it is pickled to reach the process that converts it."""

    @property
    def name(self) -> str:
        """Unique in its stage."""

    @property
    def inputs(self) -> tuple[Port, ...]:
        """What the module takes, in the order of its arguments."""

    @property
    def outputs(self) -> tuple[Port, ...]:
        """What it returns, in order."""

    @property
    def build(self) -> Callable[[], nn.Module]:
        """Makes the module with its weights, and nothing of any other block."""


class StageSource(Protocol):
    """The blocks of one model, in compute order."""

    @property
    def name(self) -> str:
        """Unique in its pipeline."""

    @property
    def iterations(self) -> int:
        """The workload's default."""

    @property
    def precision(self) -> str:
        """What its packages are converted to when nobody says otherwise."""

    @property
    def blocks(self) -> Sequence[BlockSource]:
        """In compute order."""

    @property
    def alternatives(self) -> Mapping[str, Sequence[BlockSource]]:
        """Other variants of some of the blocks, by the variant's name."""


class PipelineSource(Protocol):
    """A workload at one size, input shape and set of weights."""

    @property
    def workload(self) -> str:
        """Its name."""

    @property
    def size(self) -> str:
        """``full``, or the name of a reduced size."""

    @property
    def shape(self) -> str:
        """The input shape, for people."""

    @property
    def weights(self) -> str:
        """The origin of the weights; equal text means equal values."""

    @property
    def stages(self) -> Sequence[StageSource]:
        """In compute order."""
