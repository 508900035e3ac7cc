"""Before a process is measured: what it would pay once, whatever it ran, is paid."""

import mmap

from devsim.execute.models import Models
from devsim.execute.tensors import random_inputs
from devsim.runtime.pages import fresh_memory
from devsim.runtime.protocol import Runtime


def warm_up(models: Models, runtime: Runtime) -> None:
    """Have the runtime pay what the first package of a process pays, whichever it is.

    The smallest package is loaded, computed, unloaded and forgotten, so its next load is cold.
    """
    blocks = [block for stage in models.manifest.stages for block in stage.blocks]
    smallest = min(blocks, key=lambda block: block.weight_bytes)
    package = runtime.load(models.path(smallest))
    package.predict(random_inputs(smallest))
    package.unload()
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
