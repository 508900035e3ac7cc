"""Within which range the blocks of a stage look things up by their whole-number inputs."""

import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

from devsim.convert.mil.ranges import index_limits
from devsim.core.errors import DevsimError
from devsim.core.manifest import Port, StageManifest
from devsim.execute.models import Models
from devsim.runtime.protocol import TensorSpec


def is_whole(port: Port | TensorSpec) -> bool:
    """Whether its values are whole numbers, which may be indices."""
    return np.issubdtype(np.dtype(port.dtype), np.integer)


def index_limits_of(package: Path, outputs: Mapping[str, int] | None = None) -> Mapping[str, int]:
    """The limits of a package's inputs by their names; none of one that cannot be read.

    Whoever loads a package that is no ML program, or damaged, will say so.

    Args:
        package: the ``.mlpackage``.
        outputs: limits of its outputs.
    """
    with contextlib.suppress(DevsimError):
        return index_limits(package, outputs or {})
    return {}


class Ranges(NamedTuple):
    """One more than the largest index that is in range; what is never looked up by is absent."""

    tensors: Mapping[str, int]
    """Of the stage's external inputs."""
    blocks: Mapping[str, Mapping[str, int]]
    """By block, of its inputs by the package's names."""


def ranges_of(models: Models, stage: StageManifest) -> Ranges:
    """Follow indices from the last block of a stage to the first."""
    tensors: dict[str, int] = {}
    blocks: dict[str, Mapping[str, int]] = {}
    if not any(is_whole(port) for block in stage.blocks for port in block.inputs):
        return Ranges(tensors, blocks)
    for block in reversed(stage.blocks):
        outputs = {
            port.name: tensors.pop(port.tensor) for port in block.outputs if port.tensor in tensors
        }
        found = index_limits_of(models.path(block), outputs)
        blocks[block.name] = found
        for port in block.inputs:
            if port.name in found:
                limit = found[port.name]
                tensors[port.tensor] = min(limit, tensors.get(port.tensor, limit))
    return Ranges(tensors, blocks)
