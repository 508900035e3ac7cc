"""A shape: how one stage is cut, what it keeps, and how far its loader runs ahead."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from devsim.core.plan import Residency
from devsim.planner.source import Bounds


class Piece(NamedTuple):
    """A chunk of a shape: blocks ``start`` to ``end - 1``, resident or streamed."""

    start: int
    end: int
    kept: bool


class Shape(NamedTuple):
    """One way to run a stage."""

    pieces: tuple[Piece, ...]
    window: int

    @property
    def bounds(self) -> Bounds:
        """Each chunk's first block and end."""
        return tuple([(start, end) for start, end, _ in self.pieces])

    @property
    def residency(self) -> Residency:
        """What a policy is told of it."""
        return Residency(
            resident=tuple([n for n, (_, _, kept) in enumerate(self.pieces) if kept]),
            window=self.window,
        )


def shape_of(bounds: Bounds, resident: Iterable[int]) -> Shape:
    """A shape with a window that never holds a load back."""
    kept = frozenset(resident)
    pieces = tuple(Piece(start, end, n in kept) for n, (start, end) in enumerate(bounds))
    return Shape(pieces, len(pieces))


def bounds_of(ends: Sequence[int]) -> Bounds:
    """Chunks that end before each of some blocks, rising to the count of all."""
    return tuple(zip((0, *ends[:-1]), ends, strict=True))
