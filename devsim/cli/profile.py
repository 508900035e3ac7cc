"""``devsim profile``."""

from pathlib import Path
from typing import Annotated

import typer

from devsim.cli.options import Force, Json, Threads
from devsim.cli.output import note, print_json, progress
from devsim.cli.setting import CoresOption, InputsOption, PageCacheOption, setting_of
from devsim.core.files import refuse_overwrite


def command(
    models: Annotated[
        Path, typer.Argument(help="A converted folder, or an .mlpackage.", show_default=False)
    ],
    output: Annotated[
        Path, typer.Option("-o", "--output", help="The profile to write.", show_default=False)
    ],
    runtime: Annotated[str, typer.Option(help="What runs the packages.")] = "reference",
    function: Annotated[
        str | None, typer.Option(help="Of an .mlpackage that has several.", show_default=False)
    ] = None,
    samples: Annotated[int, typer.Option(min=1, help="Loads and computes of each package.")] = 5,
    cold_samples: Annotated[int, typer.Option(min=1, help="Cold loads of each package.")] = 3,
    warmup: Annotated[int, typer.Option(min=0, help="Rounds before the first sample.")] = 1,
    threads: Threads = None,
    cores: CoresOption = None,
    page_cache: PageCacheOption = "keep",
    joined: Annotated[
        Path | None,
        typer.Option(help="Joined packages: what joining saves.", show_default=False),
    ] = None,
    inputs: InputsOption = None,
    force: Force = False,
    json: Json = False,
) -> None:
    """Measure every package of a folder: load, compute, unload, memory.

    An interrupted profile goes on where it was: finished packages are kept beside the output.
    """
    from devsim.convert.mil.alone import as_folder
    from devsim.execute.measure import Effort
    from devsim.execute.measured import profile_folder

    refuse_overwrite(output, force=force)
    finished = output.with_name(output.name + ".part")
    effort = Effort(cold_samples=cold_samples, samples=samples, warmup=warmup)
    with as_folder(models, output, function) as folder, progress("profile") as show:
        setting = setting_of(folder, runtime, threads, cores, page_cache)
        made = profile_folder(setting, effort, finished, show, joined, inputs)
    made.write(output, force=force)
    finished.unlink(missing_ok=True)
    if json:
        print_json({"profile": str(output), **made.model_dump(mode="json")})
        return
    from devsim.report.console import stdout
    from devsim.report.profile_view import show_profile

    note(f"profile written to {output}")
    show_profile(made, stdout())
