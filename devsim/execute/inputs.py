"""What the stages of a folder are given: arrays of a file, or values drawn within their range."""

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

from devsim.core.errors import BadInputError
from devsim.core.manifest import Port
from devsim.execute.arrays import random_array, read_npz, write_npz
from devsim.execute.models import Models
from devsim.execute.ranges import ranges_of
from devsim.execute.tensors import external_ports
from devsim.runtime.protocol import Array

StageInputs = Mapping[str, Mapping[str, Array]]
"""By stage and tensor."""


def stage_inputs(models: Models, given: Path | None = None) -> StageInputs:
    """The external inputs of every stage, each as given or, by default, drawn.

    Args:
        models: the packages; whole numbers that they look things up by are drawn within range.
        given: an ``.npz`` of some or all of them, by ``TENSOR`` or ``STAGE/TENSOR``.

    Raises:
        BadFileError: the file cannot be read.
        BadInputError: it has an array that no stage takes, or of another shape or dtype.
    """
    arrays = read_npz(given) if given else {}
    ports = {stage.name: external_ports(stage.blocks) for stage in models.manifest.stages}
    _refuse_unknown(given, arrays, ports)
    inputs: dict[str, dict[str, Array]] = {}
    for stage in models.manifest.stages:
        found = {}
        for port in ports[stage.name]:
            for name in (port.tensor, f"{stage.name}/{port.tensor}"):
                if name in arrays:
                    found[port.tensor] = _fitting(given, name, arrays[name], port)
        drawn = [port for port in ports[stage.name] if port.tensor not in found]
        limits = ranges_of(models, stage).tensors if drawn else {}
        inputs[stage.name] = found | {
            port.tensor: random_array(
                port.tensor, port.shape, port.dtype, below=limits.get(port.tensor)
            )
            for port in drawn
        }
    return inputs


def digest_of(inputs: StageInputs) -> str:
    """SHA-256 of all inputs."""
    digest = hashlib.sha256()
    for stage, own in inputs.items():
        for name, array in own.items():
            digest.update(f"{stage}/{name} {array.dtype} {array.shape}".encode())
            digest.update(array.tobytes())
    return digest.hexdigest()


def write_inputs(path: Path, inputs: StageInputs) -> None:
    """Write every stage's inputs as ``stage_inputs`` reads them."""
    named = {
        f"{stage}/{name}": array for stage, own in inputs.items() for name, array in own.items()
    }
    write_npz(path, named)


def _refuse_unknown(
    given: Path | None, arrays: Iterable[str], ports: Mapping[str, Iterable[Port]]
) -> None:
    whole = {f"{stage}/{port.tensor}" for stage, each in ports.items() for port in each}
    short = {name.partition("/")[2] for name in whole}
    for name in arrays:
        if name not in whole | short:
            raise BadInputError(
                f"{given}: no stage takes '{name}' from outside",
                f"the inputs are: {', '.join(sorted(short))}",
            )


def _fitting(given: Path | None, name: str, array: Array, port: Port) -> Array:
    """The array as the port has it: in another dtype only where that keeps whole numbers whole."""
    kinds = np.dtype(port.dtype).kind + array.dtype.kind
    if array.shape == port.shape and kinds in ("ff", "ii", "iu"):
        cast = np.ascontiguousarray(array.astype(port.dtype))
        if kinds == "ff" or np.array_equal(cast, array):
            return cast
    raise BadInputError(
        f"{given}: '{name}' is {array.dtype}{list(array.shape)}",
        f"give it as {port.dtype}{list(port.shape)}",
    )
