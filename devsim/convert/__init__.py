"""From torch modules to block packages; torch and coremltools are imported only when needed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from devsim.convert.precision import read_choice
from devsim.core.errors import BadInputError, MissingExtraError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from devsim.convert.job import Checker
    from devsim.convert.progress import Progress
    from devsim.convert.source import PipelineSource
    from devsim.core.manifest import Manifest

__all__ = ["convert_workload"]


def convert_workload(
    source: PipelineSource,
    out: Path,
    *,
    precisions: Sequence[str] = (),
    stages: Sequence[str] = (),
    processes: int = 0,
    check: Checker | None = None,
    on_progress: Callable[[Progress], None] = lambda progress: None,
    force: bool = False,
) -> Manifest:
    """Convert every block of a workload to packages, one in memory at a time in each process.

    Packages that are there, whole, and made of the same things are kept, so a run that was stopped
    goes on when it is started again, and stages can be converted one after another.

    Args:
        source: the workload's stages and blocks.
        out: the folder that will hold ``manifest.json``, ``STAGE/BLOCK.mlpackage`` and
            ``STAGE/VARIANT/BLOCK.mlpackage``.
        precisions: such as ``fp16``, ``t5=int8`` or ``stdit=fp32+int8``; a stage that none names
            has the precision of the workload. Inputs and outputs stay float32.
        stages: names of the stages to convert; all when empty.
        processes: how many packages are made at once, each in a fresh process; 0 makes them one
            after another in this process.
        check: compares a package with the torch module that it was made from; none when None.
        on_progress: called after each package.
        force: replace packages of another conversion that are in the way.

    Returns:
        The manifest, as written.

    Raises:
        BadInputError: an unknown stage or precision; packages of another conversion are in ``out``
            and ``force`` is false; or it cannot be written.
        BadFileError: a checkpoint that does not fit the workload.
        ConversionError: the converter crashed on packages, or they are too far from torch.
        MissingExtraError: torch or coremltools is not installed.
    """
    try:
        from devsim.convert.folder import convert_pipeline
    except ModuleNotFoundError as error:
        if error.name not in ("torch", "coremltools"):
            raise
        raise MissingExtraError("converting a workload", "coreml") from None
    names = [stage.name for stage in source.stages]
    for name in stages:
        if name not in names:
            raise BadInputError(f"no stage '{name}'", f"choose one of: {', '.join(names)}")
    return convert_pipeline(
        source,
        out,
        choice=read_choice(precisions, source.stages),
        stages=stages,
        processes=processes,
        check=check,
        on_progress=on_progress,
        force=force,
    )
