"""How far a package is from what it was made from, on seeded inputs."""

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from devsim.convert.faults import InaccurateError
from devsim.core.manifest import Check, Port
from devsim.execute.accuracy import differences
from devsim.execute.arrays import random_array
from devsim.runtime.choose import open_runtime
from devsim.runtime.protocol import Array

SEED = 0
_RUNTIME = "reference"


def check_package(
    package: Path,
    inputs: Sequence[Port],
    compute: Callable[[Mapping[str, Array]], dict[str, Array]],
    threads: int,
) -> Check:
    """Compare a package's outputs, by the reference runtime, with expected ones.

    Args:
        package: the ``.mlpackage``.
        inputs: what it takes.
        compute: gives the expected outputs, by the package's names of inputs and outputs.
        threads: of the runtime.

    Raises:
        BadFileError: the package cannot be read.
        InaccurateError: it computes what is not finite, where the expected output is.
        UnsupportedOperationError: the runtime does not know one of its operations.
    """
    given = {port.name: _values(port) for port in inputs}
    expected = compute(given)
    loaded = open_runtime(_RUNTIME, threads).load(package)
    try:
        found = differences(expected, loaded.predict(given))
    finally:
        loaded.unload()
    worst = min(found, key=lambda each: each.psnr_db)
    if worst.psnr_db == -math.inf:
        raise InaccurateError(
            f"{package}: computes no finite '{worst.name}'", "convert it in another precision"
        )
    return Check(
        psnr_db=worst.psnr_db if math.isfinite(worst.psnr_db) else None,
        max_error=max(each.max_error for each in found),
        seed=SEED,
        runtime=_RUNTIME,
    )


def _values(port: Port) -> Array:
    """Seeded random values; of a mask, the first two thirds of each row are ones."""
    if port.tensor != "mask":
        return random_array(port.tensor, port.shape, port.dtype, SEED)
    places = np.arange(port.shape[-1]) < math.ceil(2 * port.shape[-1] / 3)
    return np.broadcast_to(places, port.shape).astype(port.dtype)
