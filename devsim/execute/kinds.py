"""Blocks that do the same on weights of their own."""

from collections.abc import Iterable, Mapping

from devsim.core.manifest import Block
from devsim.execute.measure import Measurement

Kind = tuple[object, ...]


def kind_of(block: Block) -> Kind:
    """Equal for blocks of as many weights and operations, on tensors of the same shapes."""
    ports = tuple((port.shape, port.dtype) for port in (*block.inputs, *block.outputs))
    return block.weight_bytes, block.flops, ports


def with_bytes_of_kind(
    blocks: Iterable[Block], measured: Mapping[str, Measurement]
) -> dict[str, Measurement]:
    """Measurements with the most bytes that any block of the kind was seen to need.

    A block whose tensors fit into memory that the one before it left behind seems to need less;
    in a run it may come upon none.
    """
    blocks = list(blocks)
    most: dict[Kind, tuple[int, int]] = {}
    for block in blocks:
        own = measured[block.digest]
        activation, transient = most.get(kind_of(block), (0, 0))
        most[kind_of(block)] = (
            max(activation, own.activation_bytes),
            max(transient, own.transient_bytes),
        )
    return {
        block.digest: measured[block.digest].model_copy(
            update={
                "activation_bytes": most[kind_of(block)][0],
                "transient_bytes": most[kind_of(block)][1],
            }
        )
        for block in blocks
    }
