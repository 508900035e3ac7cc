"""From torch modules to block packages; torch and coremltools are imported only when needed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from devsim.core.errors import BadInputError, MissingExtraError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from devsim.convert.folder import Progress
    from devsim.convert.source import PipelineSource
    from devsim.core.manifest import Manifest

__all__ = ["convert_workload"]


def convert_workload(
    source: PipelineSource,
    out: Path,
    *,
    precision: Literal["fp32", "fp16"] = "fp32",
    on_progress: Callable[[Progress], None] = lambda progress: None,
    force: bool = False,
) -> Manifest:
    """Convert every block of a workload to a package, one in memory at a time.

    A run that was stopped goes on with the blocks that are missing when it is started again with
    the same arguments.

    Args:
        source: the workload's stages and blocks.
        out: the folder that will hold ``manifest.json`` and ``STAGE/BLOCK.mlpackage``.
        precision: of weights and arithmetic; inputs and outputs stay float32.
        on_progress: called after each block.
        force: convert again where ``out`` already has a manifest.

    Returns:
        The manifest, as written.

    Raises:
        BadInputError: ``out`` has a manifest and ``force`` is false, or cannot be written.
        BadFileError: a checkpoint that does not fit the workload.
        MissingExtraError: torch or coremltools is not installed.
    """
    if precision not in ("fp32", "fp16"):
        raise BadInputError(f"no precision '{precision}'", "choose one of: fp32, fp16")
    try:
        from devsim.convert.folder import convert_pipeline
    except ModuleNotFoundError as error:
        if error.name not in ("torch", "coremltools"):
            raise
        raise MissingExtraError("converting a workload", "coreml") from None
    return convert_pipeline(source, out, precision=precision, on_progress=on_progress, force=force)
