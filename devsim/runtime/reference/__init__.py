"""Runs Core ML ML programs with torch on any system, as the reference for every other runtime."""

from devsim.runtime.reference.pipeline import LoadedPipeline
from devsim.runtime.reference.runtime import LoadedReference, ReferenceRuntime

__all__ = ["LoadedPipeline", "LoadedReference", "ReferenceRuntime"]
