"""Before a process is measured: what it would pay once, whatever it ran, is paid."""

import mmap

from devsim.core.trace import Kind
from devsim.execute.lanes import Lanes
from devsim.execute.models import Models
from devsim.execute.tensors import random_inputs
from devsim.runtime.pages import fresh_memory
from devsim.runtime.protocol import Runtime


def warm_up(models: Models, runtime: Runtime, lanes: Lanes) -> None:
    """Have the runtime, and each lane's thread, pay what the first package pays, whichever it is.

    The smallest package is loaded, computed, unloaded and forgotten, so its next load is cold.
    """
    blocks = [block for stage in models.manifest.stages for block in stage.blocks]
    smallest = min(blocks, key=lambda block: block.weight_bytes)
    package = lanes.do(Kind.LOAD, lambda: runtime.load(models.path(smallest)))
    lanes.do(Kind.COMPUTE, lambda: package.predict(random_inputs(smallest)))
    lanes.do(Kind.UNLOAD, package.unload)
    runtime.forget(models.path(smallest))


def touch_memory(size_bytes: int) -> None:
    """Have the system back as much memory as the run will use, and give it back.

    A virtual machine pays for the first touch of a page that its host has taken away, which no
    run after the first would pay again.
    """
    if size_bytes > 0:
        with fresh_memory(size_bytes) as memory:
            for at in range(0, size_bytes, mmap.PAGESIZE):
                memory[at] = 1
