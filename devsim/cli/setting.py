"""The options that say what packages are run with, as runs and profiles take them."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from devsim.core.errors import BadInputError

if TYPE_CHECKING:
    from devsim.core.plan import Plan
    from devsim.execute.requests import Setting

CoresOption = Annotated[
    str | None,
    typer.Option("--cores", help="COMPUTE/LOAD, such as 0-2/3.", show_default=False),
]
InputsOption = Annotated[
    Path | None,
    typer.Option(
        "--inputs",
        help="An .npz of what the first block takes, by TENSOR or STAGE/TENSOR; else drawn.",
        show_default=False,
    ),
]
PageCacheOption = Annotated[
    str, typer.Option(help="File pages: keep, drop before the run, or drop-always.")
]


def setting_of(
    models: Path, runtime: str, threads: int | None, cores: str | None, page_cache: str
) -> "Setting":
    """What packages are run with.

    Raises:
        BadInputError: cores that are not there, or no such way with the page cache.
    """
    from devsim.execute.cores import Cores
    from devsim.execute.measured import default_threads
    from devsim.execute.page_cache import PageCache
    from devsim.execute.requests import Setting

    if page_cache not in list(PageCache):
        ways = ", ".join(PageCache)
        raise BadInputError(f"--page-cache {page_cache} is not known", f"use one of: {ways}")
    return Setting(
        models=models.resolve(),
        runtime=runtime,
        threads=threads or default_threads(),
        cores=Cores.parse(cores) if cores else None,
        page_cache=PageCache(page_cache),
    )


def setting_like(
    plan: "Plan",
    models: Path,
    runtime: str | None,
    threads: int | None,
    cores: str | None,
    page_cache: str | None,
) -> "Setting":
    """The same, where what is not said is as the plan's profile was measured.

    Raises:
        BadInputError: see ``setting_of``.
    """
    from devsim.execute.page_cache import PageCache
    from devsim.runtime.choose import NAMES

    then = plan.environment
    known = then.get("runtime", "").partition(":")[0] in NAMES
    threads_then, cores_then = then.get("compute_threads", ""), then.get("cores", "any")
    cache_then = then.get("page_cache", "")
    return setting_of(
        models,
        runtime or (then["runtime"] if known else "reference"),
        threads or (int(threads_then) if threads_then.isdigit() else None),
        cores or (None if cores_then == "any" else cores_then),
        page_cache or (cache_then if cache_then in list(PageCache) else PageCache.KEEP.value),
    )
