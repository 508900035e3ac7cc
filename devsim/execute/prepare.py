"""Before a process is measured: what it would pay once, whatever it ran, is paid."""

import mmap
from collections.abc import Callable, Iterator, Mapping
from functools import partial

from devsim.core.manifest import Block
from devsim.core.trace import Kind
from devsim.execute.inputs import StageInputs
from devsim.execute.lanes import Lanes
from devsim.execute.models import Models
from devsim.execute.ranges import is_whole, ranges_of
from devsim.execute.tensors import random_inputs
from devsim.runtime.pages import fresh_memory
from devsim.runtime.protocol import Array, Runtime


def warm_up(models: Models, inputs: StageInputs, runtime: Runtime, lanes: Lanes) -> None:
    """Have the runtime, and each lane's thread, pay what the first package pays, whichever it is.

    The smallest package is loaded, computed, unloaded and forgotten, so its next load is cold.
    """
    smallest, given = min(_ready(models, inputs), key=lambda each: each[0].weight_bytes)
    package = lanes.do(Kind.LOAD, lambda: runtime.load(models.path(smallest)))
    lanes.do(Kind.COMPUTE, lambda: package.predict(given()))
    lanes.do(Kind.UNLOAD, package.unload)
    runtime.forget(models.path(smallest))


def _ready(
    models: Models, inputs: StageInputs
) -> Iterator[tuple[Block, Callable[[], dict[str, Array]]]]:
    """Blocks that can be computed without those before them, and what on.

    A stage's first block is given what the stage is; of the others, those that are given no whole
    numbers but such whose range is known, random values.
    """
    for stage in models.manifest.stages:
        first, *others = stage.blocks
        yield first, partial(_external, first, inputs[stage.name])
        ranges = ranges_of(models, stage).blocks
        for block in others:
            known = ranges.get(block.name, {})
            if all(not is_whole(port) or port.name in known for port in block.inputs):
                yield block, partial(random_inputs, block, known)


def _external(block: Block, inputs: Mapping[str, Array]) -> dict[str, Array]:
    return {port.name: inputs[port.tensor] for port in block.inputs}


def touch_memory(size_bytes: int) -> None:
    """Have the system back as much memory as the run will use, and give it back.

    A virtual machine pays for the first touch of a page that its host has taken away, which no
    run after the first would pay again.
    """
    if size_bytes > 0:
        with fresh_memory(size_bytes) as memory:
            for at in range(0, size_bytes, mmap.PAGESIZE):
                memory[at] = 1
