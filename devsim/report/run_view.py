"""One package's run in the terminal."""

import math
from collections.abc import Sequence

from rich.console import Console

from devsim.core.units import format_bytes, format_ns
from devsim.execute.accuracy import Difference
from devsim.execute.package_run import PackageRun
from devsim.report.console import plain_table


def show_run(run: PackageRun, console: Console) -> None:
    """Print outputs, durations and memory."""
    table = plain_table("output", "shape", "dtype", "low", "high", "mean", "std", "not finite")
    for facts in run.outputs:
        statistics = (facts.low, facts.high, facts.mean, facts.std)
        table.add_row(
            facts.name,
            "x".join(map(str, facts.shape)),
            facts.dtype,
            *("-" if value is None else f"{value:.4g}" for value in statistics),
            str(facts.not_finite),
        )
    console.print(table)
    for facts in run.outputs:
        if facts.label is not None:
            console.print(f"{facts.name}: {facts.label}", markup=False)
        if facts.classes:
            likeliest = ", ".join(f"{label} {share:.3g}" for label, share in facts.classes)
            console.print(f"{facts.name}: {likeliest}", markup=False)
    console.print(
        f"cold load {format_ns(run.cold_load_ns)}, first compute {format_ns(run.first_compute_ns)},"
        f" compute {format_ns(run.compute_ns)}, unload {format_ns(run.unload_ns)}"
    )
    console.print(
        f"resident {format_bytes(run.resident_bytes)}, "
        f"activation {format_bytes(run.activation_bytes)}"
    )


def show_differences(apart: Sequence[Difference], console: Console) -> None:
    """Print how far each output is from the other's."""
    table = plain_table("compared", "PSNR", "max error")
    for each in apart:
        psnr = "equal" if each.psnr_db == math.inf else f"{each.psnr_db:.1f} dB"
        if each.not_finite:
            psnr += f", {each.not_finite} not finite"
        table.add_row(each.name, psnr, f"{each.max_error:.3g}")
    console.print(table)
