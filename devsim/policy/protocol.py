"""The question that both clocks ask a policy."""

from typing import NamedTuple, Protocol


class Position(NamedTuple):
    """One compute of the run: which, and where it lies in the pipeline."""

    number: int
    """Counted over the whole run, in compute order, from 0."""
    stage: int
    iteration: int
    chunk: int


class Progress(NamedTuple):
    """How far the run is."""

    current: Position
    """The compute that is running, or the next one to start."""
    computing: bool
    ahead: int
    """Chunks loaded, or being loaded, for computes after the current one; kept ones not counted."""


class Policy(Protocol):
    """Says what to load, compute and unload next. Computes and loads keep the pipeline's order.

    Both answers depend on nothing but their arguments, so a policy behaves alike in simulated and
    in real time.
    """

    @property
    def name(self) -> str:
        """The name on the command line."""

    def keeps(self, at: Position) -> bool:
        """Whether the chunk stays loaded after this compute, until its next one.

        Not asked after a chunk's last compute: then it always goes.
        """

    def may_load(self, at: Position, progress: Progress) -> bool:
        """Whether the load for a compute may start now, if the lane and the memory are free."""
