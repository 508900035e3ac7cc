"""What can go wrong between devsim and Core ML."""

from pathlib import Path

from devsim.core.errors import DevsimError


class CoreMLError(DevsimError):
    """Core ML refused a package, or ended the process that ran it."""

    def __init__(self, package: Path, problem: str) -> None:
        fix = "try --runtime coreml:cpu_only, or convert it in smaller chunks"
        super().__init__(f"{package}: {problem}", fix)


class EngineError(Exception):
    """A call into Core ML failed; the text is what Core ML or coremltools said, in one line."""

    def __init__(self, error: Exception) -> None:
        text = " ".join(str(error).split())
        super().__init__(text or type(error).__name__)
