"""The question that both clocks ask a policy."""

from dataclasses import dataclass
from typing import Final, NamedTuple, Protocol

UNLIMITED: Final = 1 << 60


class Position(NamedTuple):
    """One compute of the run: which, and where it lies in the pipeline."""

    number: int
    """Counted over the whole run, in compute order, from 0."""
    stage: int
    iteration: int
    chunk: int


@dataclass(frozen=True, slots=True)
class Rule:
    """How one chunk is treated in one iteration.

    A load that the next compute waits for may always start. Before that, its ``window``,
    ``distance`` and ``while_computing`` must all allow it.
    """

    keep: bool = False
    """Whether the chunk stays loaded after this compute, until its next one.

    Means nothing in a stage's last iteration: then a chunk always goes.
    """
    window: int = 0
    """Its load may start while fewer chunks than this are loaded, or being loaded, for computes
    after the current one; kept ones not counted. 0: never ahead."""
    distance: int = UNLIMITED
    """Its load may start when at most this many computes lie from the current one to its own."""
    while_computing: bool = False
    """Its load may start only while a compute runs."""


class Policy(Protocol):
    """Says what to load, compute and unload next. Computes and loads keep the pipeline's order.

    The answer depends on nothing but its arguments, so a policy behaves alike in simulated and in
    real time, and the whole of it can be looked up beforehand.
    """

    @property
    def name(self) -> str:
        """The name on the command line."""

    def rules(self, stage: int, iteration: int, chunks: int) -> tuple[Rule, ...]:
        """One rule for each of a stage's ``chunks``, in one of its iterations, counted from 0."""
