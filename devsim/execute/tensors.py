"""The tensors that flow from block to block of a stage."""

import hashlib
import math
from collections.abc import Mapping, Sequence

import numpy as np

from devsim.core.errors import BadInputError
from devsim.core.manifest import Block, Port
from devsim.core.profile import BoundaryTensor
from devsim.execute.arrays import random_array
from devsim.runtime.protocol import Array


class TensorStore:
    """Boundary tensors of one stage's blocks, by name.

    What no block before it has written is an external input of the stage, the same at the start of
    every iteration. What a chunk is given stays until all of its blocks
    have computed, whether they are one package or several.

    Args:
        chunks: the blocks, in compute order.
        inputs: the external inputs, by tensor.

    Raises:
        BadInputError: one block's output is not what a later block takes.
    """

    def __init__(self, chunks: Sequence[Sequence[Block]], inputs: Mapping[str, Array]) -> None:
        blocks = [block for chunk in chunks for block in chunk]
        self._last_use = _last_uses(blocks)
        self._chunk_ends = {chunk[-1].name for chunk in chunks}
        self._given: list[Array] = []
        self._external = {port.tensor: inputs[port.tensor] for port in external_ports(blocks)}
        self._tensors: dict[str, Array] = {}

    @property
    def held_bytes(self) -> int:
        """Of all arrays that it holds."""
        arrays = (*self._external.values(), *self._tensors.values(), *self._given)
        return sum({id(array): array.nbytes for array in arrays}.values())

    def start_iteration(self) -> None:
        """Drop all but the external inputs, and put those back to what they were."""
        self._tensors = dict(self._external)

    def inputs(self, block: Block) -> dict[str, Array]:
        """What a block takes, by the package's input names."""
        return {port.name: self._tensors[port.tensor] for port in block.inputs}

    def put(self, block: Block, outputs: Mapping[str, Array]) -> None:
        """Drop the inputs that no later block takes, and keep what the block has computed."""
        if block.name in self._chunk_ends:
            self._given = []
        elif not self._given:
            self._given = list(self._tensors.values())
        for tensor in [t for t in self._tensors if self._last_use.get(t) == block.name]:
            del self._tensors[tensor]
        for port in block.outputs:
            self._tensors[port.tensor] = outputs[port.name]

    def outputs(self) -> dict[str, Array]:
        """The tensors that are left: after the last block, the stage's outputs."""
        left = sorted(self._tensors.items())
        return {name: array for name, array in left if array is not self._external.get(name)}

    def digest(self) -> str:
        """SHA-256 of the outputs."""
        digest = hashlib.sha256()
        for array in self.outputs().values():
            digest.update(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)
        return digest.hexdigest()


def external_bytes(blocks: Sequence[Block]) -> int:
    """What a store of the blocks holds from start to end."""
    return sum(port_bytes(port) for port in external_ports(blocks))


def boundary_tensors(blocks: Sequence[Block]) -> tuple[BoundaryTensor, ...]:
    """What blocks make for later ones, with how long a store of the blocks holds it."""
    last_use = _last_uses(blocks)
    number = {block.name: at for at, block in enumerate(blocks)}
    held: list[BoundaryTensor] = []
    written_again: dict[str, int] = {}
    for made_by in reversed(range(len(blocks))):
        for port in reversed(blocks[made_by].outputs):
            last = number[last_use[port.tensor]] if port.tensor in last_use else made_by
            until = written_again.get(port.tensor, len(blocks) - 1)
            if made_by < last < until:
                until = last
            written_again[port.tensor] = made_by
            if until > made_by:
                size = port_bytes(port)
                held.append(BoundaryTensor(bytes=size, made_by=made_by, taken_until=until))
    return tuple(held[::-1])


def random_inputs(block: Block, below: Mapping[str, int] | None = None) -> dict[str, Array]:
    """Seeded random values for a block's inputs, by the package's input names.

    Args:
        block: whose they are.
        below: of some of its whole-number inputs, what is more than any of their values.
    """
    limits = below or {}
    return {
        port.name: random_array(port.name, port.shape, port.dtype, below=limits.get(port.name))
        for port in block.inputs
    }


def external_ports(blocks: Sequence[Block]) -> list[Port]:
    """The inputs that no block before has written."""
    written: dict[str, Port] = {}
    external: dict[str, Port] = {}
    for block in blocks:
        for port in block.inputs:
            known = written.get(port.tensor) or external.setdefault(port.tensor, port)
            if (known.shape, known.dtype) != (port.shape, port.dtype):
                raise BadInputError(
                    f"block {block.name} takes {port.tensor} as {port.dtype}{list(port.shape)}, "
                    f"but it is {known.dtype}{list(known.shape)}",
                    "convert the stage's blocks for one shape",
                )
        written.update({port.tensor: port for port in block.outputs})
    return list(external.values())


def _last_uses(blocks: Sequence[Block]) -> dict[str, str]:
    """The block after which a tensor is needed no more; outputs nobody takes have none."""
    return {port.tensor: block.name for block in blocks for port in block.inputs}


def port_bytes(port: Port) -> int:
    """Bytes of a tensor."""
    return math.prod(port.shape) * np.dtype(port.dtype).itemsize
