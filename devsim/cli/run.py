"""``devsim run``."""

import math
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from devsim.cli.options import Force, Json, Threads
from devsim.cli.output import note, print_json
from devsim.core.errors import BadInputError
from devsim.core.files import refuse_overwrite, write_atomically
from devsim.core.units import seconds

if TYPE_CHECKING:
    from devsim.execute.accuracy import Difference
    from devsim.execute.requests import PackageAnswer


def command(
    package: Annotated[Path, typer.Argument(help="An .mlpackage.", show_default=False)],
    inputs: Annotated[
        list[str] | None,
        typer.Option(
            help="An .npz, or NAME=PICTURE.png for each picture; else random.", show_default=False
        ),
    ] = None,
    function: Annotated[
        str | None, typer.Option(help="Of a package that has several.", show_default=False)
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="Write the outputs, .npz.", show_default=False),
    ] = None,
    runtime: Annotated[str, typer.Option(help="What runs it.")] = "reference",
    compare: Annotated[
        str | None,
        typer.Option(help="Another runtime, or another package.", show_default=False),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of random inputs.")] = 0,
    samples: Annotated[int, typer.Option(min=1, help="Computes after the first.")] = 3,
    threads: Threads = None,
    force: Force = False,
    json: Json = False,
) -> None:
    """Run one package: outputs, time, memory; --compare says how far another one is from it."""
    from devsim.execute.accuracy import differences
    from devsim.execute.arrays import read_npz
    from devsim.execute.given import parse_input
    from devsim.execute.measured import run_one_package
    from devsim.execute.package_run import Package

    files = tuple(map(parse_input, inputs or ()))
    if output:
        if output.suffix != ".npz":
            raise BadInputError(f"{output}: outputs are an .npz file", "end its name in .npz")
        refuse_overwrite(output, force=force)
    apart: tuple[Difference, ...] | None = None
    with tempfile.TemporaryDirectory(prefix="devsim-") as folder:
        first, second = Path(folder) / "first.npz", Path(folder) / "second.npz"
        subject = Package(package, function, files, seed)
        answer = run_one_package(subject, runtime, threads, samples, first)
        if compare:
            other, by = (Path(compare), runtime) if _is_package(compare) else (package, compare)
            run_one_package(subject._replace(path=other), by, threads, samples, second)
            apart = differences(read_npz(first), read_npz(second))
        if output:
            write_atomically(output, first.read_bytes(), force=force)
            note(f"outputs written to {output}")
    for line in answer.run.notes:
        note(line)
    if json:
        print_json(as_json(package, answer, apart))
        return
    from devsim.report.console import stdout
    from devsim.report.run_view import show_differences, show_run

    show_run(answer.run, stdout())
    if apart is not None:
        show_differences(apart, stdout())


def as_json(
    package: Path, answer: "PackageAnswer", apart: "tuple[Difference, ...] | None"
) -> dict[str, Any]:
    """The run in the units people script with; an infinite PSNR is null."""
    run = answer.run
    result = {
        "package": str(package),
        "runtime": answer.environment["runtime"],
        "inputs": [{"name": n, "shape": shape, "dtype": dtype} for n, shape, dtype in run.inputs],
        "notes": run.notes,
        "outputs": [facts.model_dump() for facts in run.outputs],
        "cold_load_s": seconds(run.cold_load_ns),
        "first_compute_s": seconds(run.first_compute_ns),
        "compute_s": seconds(run.compute_ns),
        "unload_s": seconds(run.unload_ns),
        "resident_bytes": run.resident_bytes,
        "activation_bytes": run.activation_bytes,
        "environment": answer.environment,
    }
    if apart is not None:
        result["differences"] = [
            {
                "name": each.name,
                "equal": each.psnr_db == math.inf,
                "psnr_db": each.psnr_db if math.isfinite(each.psnr_db) else None,
                "max_error": each.max_error if math.isfinite(each.max_error) else None,
                "not_finite": each.not_finite,
            }
            for each in apart
        ]
    return result


def _is_package(text: str) -> bool:
    return "/" in text or text.endswith(".mlpackage")
