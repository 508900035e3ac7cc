"""Blocks that do the same on weights of their own."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain

from devsim.core.manifest import Block
from devsim.execute.measure import Measurement

Kind = tuple[object, ...]


def kind_of(block: Block) -> Kind:
    """Equal for blocks of as many weights and operations, on tensors of the same shapes."""
    ports = tuple((port.shape, port.dtype) for port in (*block.inputs, *block.outputs))
    return block.weight_bytes, block.flops, ports


def of_their_kinds(
    blocks: Iterable[Block], measured: Mapping[str, Measurement]
) -> dict[str, Measurement]:
    """Measurements in which each block has what was seen of all blocks of its kind.

    Durations are those of all, since a kind's blocks do the same at different moments: a moment at
    which the machine was slow is then no block's own. Activations and transients are the most that
    any needed: a block whose tensors fit into memory that the one before it left behind seems to
    need less, and in a run may come upon none.
    """
    blocks = list(blocks)
    kinds: dict[Kind, dict[str, Measurement]] = {}
    for block in blocks:
        kinds.setdefault(kind_of(block), {})[block.digest] = measured[block.digest]
    shared = {kind: _shared(list(own.values())) for kind, own in kinds.items()}
    return {
        block.digest: measured[block.digest].model_copy(update=shared[kind_of(block)])
        for block in blocks
    }


def _shared(measurements: Sequence[Measurement]) -> dict[str, object]:
    most = ("activation_bytes", "transient_bytes")
    every = ("cold_load_ns", "cached_load_ns", "unload_ns", "compute_ns")
    return {name: max(getattr(each, name) for each in measurements) for name in most} | {
        name: tuple(chain.from_iterable(getattr(each, name) for each in measurements))
        for name in every
    }
