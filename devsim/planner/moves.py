"""Small changes of a shape: the neighbours that local search looks at."""

from collections.abc import Iterator

from devsim.planner.shape import Piece, Shape

_ALL_PAIRS_UP_TO = 12


def neighbours(shape: Shape, iterations: int, first: int = 0) -> Iterator[tuple[int, Shape]]:
    """Shapes one change away: a chunk kept or not, moved, merged or split, or another window.

    Args:
        shape: what is changed.
        iterations: of its stage.
        first: the block with whose chunk changes begin; they go on to the end, then round.

    Yields:
        The block at which to go on if the change is taken, and the changed shape.
    """
    pieces = shape.pieces
    keeping = iterations > 1
    order = sorted(range(len(pieces)), key=lambda at: (pieces[at].end <= first, at))
    for at in order:
        for changed in _around(pieces, at, keeping):
            yield pieces[at].start, changed
    if keeping and len(pieces) <= _ALL_PAIRS_UP_TO:
        for changed in _swapped(pieces):
            yield first, changed
    for window in (1, 2, 3, len(pieces)):
        if window != shape.window:
            yield first, Shape(pieces, window)


def _around(pieces: tuple[Piece, ...], at: int, keeping: bool) -> Iterator[Shape]:
    """Every change of one chunk, and of it and the next."""
    if keeping:
        yield from _kept_otherwise(pieces, at)
    yield from _merged(pieces, at, keeping)
    yield from _moved(pieces, at)
    yield from _split(pieces, at, keeping)


def _shape(pieces: tuple[Piece, ...]) -> Shape:
    return Shape(pieces, len(pieces))


def _kept_otherwise(pieces: tuple[Piece, ...], at: int) -> Iterator[Shape]:
    """One chunk kept or let go; or its neighbour kept in its place."""
    piece = pieces[at]
    yield _shape((*pieces[:at], piece._replace(kept=not piece.kept), *pieces[at + 1 :]))
    if at + 1 < len(pieces) and pieces[at + 1].kept != piece.kept:
        following = pieces[at + 1]
        yield _shape(
            (
                *pieces[:at],
                piece._replace(kept=following.kept),
                following._replace(kept=piece.kept),
                *pieces[at + 2 :],
            )
        )


def _merged(pieces: tuple[Piece, ...], at: int, keeping: bool) -> Iterator[Shape]:
    if at + 1 == len(pieces):
        return
    first, second = pieces[at], pieces[at + 1]
    for kept in sorted({first.kept, second.kept}) if keeping else (False,):
        yield _shape((*pieces[:at], Piece(first.start, second.end, kept), *pieces[at + 2 :]))


def _moved(pieces: tuple[Piece, ...], at: int) -> Iterator[Shape]:
    """The border to the next chunk, one block either way."""
    if at + 1 == len(pieces):
        return
    first, second = pieces[at], pieces[at + 1]
    for border in (first.end - 1, first.end + 1):
        if first.start < border < second.end:
            yield _shape(
                (
                    *pieces[:at],
                    first._replace(end=border),
                    second._replace(start=border),
                    *pieces[at + 2 :],
                )
            )


def _split(pieces: tuple[Piece, ...], at: int, keeping: bool) -> Iterator[Shape]:
    """In the middle, or one block from an end; each half kept or not."""
    piece = pieces[at]
    borders = {(piece.start + piece.end) // 2, piece.start + 1, piece.end - 1}
    choices = [(piece.kept, piece.kept)]
    if keeping:
        choices += [(True, False), (False, True)]
    for border in sorted(borders):
        if piece.start < border < piece.end:
            for before, after in choices:
                halves = (Piece(piece.start, border, before), Piece(border, piece.end, after))
                yield _shape((*pieces[:at], *halves, *pieces[at + 1 :]))


def _swapped(pieces: tuple[Piece, ...]) -> Iterator[Shape]:
    """A resident chunk streamed and a streamed one kept, wherever they are."""
    for one, piece in enumerate(pieces):
        for other in range(one + 2, len(pieces)):
            if pieces[other].kept != piece.kept:
                changed = list(pieces)
                changed[one] = piece._replace(kept=not piece.kept)
                changed[other] = pieces[other]._replace(kept=piece.kept)
                yield _shape(tuple(changed))
