"""What a split came to: its blocks, the places between them, and weights that are in two."""

from devsim.core.files import Frozen


class Boundary(Frozen):
    """A tensor that crosses a cut.

    Attributes:
        name: of the value in the model.
        shape: its sizes.
        element: its type in the model.
        carried: its type as a package's output and input.
        bytes: as it travels.
    """

    name: str
    shape: tuple[int, ...]
    element: str
    carried: str
    bytes: int


class Cut(Frozen):
    """A place that was cut at.

    Attributes:
        after: the value that the last operation before the cut makes.
        operation: the type of that operation.
        boundary: what crosses.
        boundary_bytes: of all that crosses.
        weight_bytes: that all before the cut, and all after it, need.
        flops: before and after.
    """

    after: str
    operation: str
    boundary: tuple[Boundary, ...]
    boundary_bytes: int
    weight_bytes: tuple[int, int]
    flops: tuple[int, int]


class Shared(Frozen):
    """A weight that several blocks use, so that each has a copy."""

    name: str
    bytes: int
    blocks: tuple[str, ...]


class SplitBlock(Frozen):
    """A block that was made."""

    name: str
    operations: int
    weight_bytes: int
    flops: int


class Split(Frozen):
    """A finished split.

    Attributes:
        model: the package that was cut.
        operations: that compute, in the whole.
        legal_places: between them.
        weight_bytes: of the whole's weights, each once.
        duplicated_bytes: of weights beyond that, in all blocks together.
        flops: of the whole.
        open_loops: loops of which the FLOPs count one round, as nobody knows how many they go.
        blocks: in compute order.
        cuts: one between each block and the next.
        shared: weights that are in several blocks, the largest first.
    """

    model: str
    operations: int
    legal_places: int
    weight_bytes: int
    duplicated_bytes: int
    flops: int
    open_loops: int
    blocks: tuple[SplitBlock, ...]
    cuts: tuple[Cut, ...]
    shared: tuple[Shared, ...]
