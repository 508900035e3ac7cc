"""Whether runs computed what the unchunked model computes."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from devsim.execute.accuracy import differences
from devsim.execute.arrays import read_npz
from devsim.execute.outputs import StageDigests

_LEAST_PSNR_DB = 40.0
"""What a runtime that may compute in another order, or in half precision, must reach."""


class OutputsCheck(NamedTuple):
    """Runs' outputs beside the unchunked model's."""

    equal: bool
    """Whether every iteration of every run gave the unchunked model's outputs, bit for bit."""
    psnr_db: float
    """Of the worst output of any run's last iteration; infinite when all are equal."""
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
    for _, path in runs:
        for difference in differences(read_npz(arrays), read_npz(path)):
            worst = min(worst, difference.psnr_db)
    return OutputsCheck(equal, worst, runtime.partition(":")[0] == "reference")
