"""Core ML on this Mac, through coremltools, in helper processes."""

from devsim.runtime.coreml.loaded import LoadedCoreML, LoadTimes
from devsim.runtime.coreml.runtime import CoreMLRuntime

__all__ = ["CoreMLRuntime", "LoadTimes", "LoadedCoreML"]
