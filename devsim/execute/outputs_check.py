"""Whether runs computed what the unchunked model computes."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from devsim.execute.accuracy import count_not_finite, differences
from devsim.execute.arrays import read_npz
from devsim.execute.outputs import StageDigests
from devsim.runtime.protocol import Array

_LEAST_PSNR_DB = 40.0
"""What a runtime that may compute in another order, or in half precision, must reach."""


class OutputsCheck(NamedTuple):
    """Runs' outputs beside the unchunked model's."""

    equal: bool
    """Whether every iteration of every run gave the unchunked model's outputs, bit for bit."""
    psnr_db: float
    """Of the worst output of any run's last iteration; infinite when all are equal."""
    not_finite: Mapping[str, str]
    """By output, how many of its elements are NaN or infinite, in words; of the worst run."""
    must_be_equal: bool
    """The reference runtime computes alike each time, so any difference is a defect of a run."""

    @property
    def match(self) -> bool:
        """Whether the runs computed the model."""
        return self.equal or (not self.must_be_equal and self.psnr_db >= _LEAST_PSNR_DB)


def check_outputs(
    runtime: str,
    expected: tuple[Sequence[StageDigests], Path],
    runs: Sequence[tuple[Sequence[StageDigests], Path]],
) -> OutputsCheck:
    """Compare runs with the unchunked model.

    Args:
        runtime: what ran both.
        expected: of the unchunked model, one digest a stage and its outputs' ``.npz``.
        runs: the same of every run, a digest an iteration.
    """
    digests, arrays = expected
    right = [stage.digests[0] for stage in digests]
    equal = all(
        set(stage.digests) == {digest}
        for stages, _ in runs
        for stage, digest in zip(stages, right, strict=True)
    )
    worst = math.inf
    expected_arrays = read_npz(arrays)
    not_finite = _not_finite(expected_arrays)
    for _, path in runs:
        found = read_npz(path)
        not_finite |= _not_finite(found)
        for difference in differences(expected_arrays, found):
            worst = min(worst, difference.psnr_db)
    return OutputsCheck(equal, worst, not_finite, runtime.partition(":")[0] == "reference")


def _not_finite(outputs: Mapping[str, Array]) -> dict[str, str]:
    counts = {name: count_not_finite(array) for name, array in outputs.items()}
    return {name: f"{n} of {outputs[name].size}" for name, n in counts.items() if n}
