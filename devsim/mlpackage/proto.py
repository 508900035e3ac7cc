"""The Core ML protobuf messages, taken from coremltools without importing the whole of it.

Importing ``coremltools`` costs seconds and some 60 MB that a worker process would carry in its
footprint, and it warns about every Apple library that Linux lacks. Its generated message modules
need none of that, so they are imported under a package name of our own.
"""

import importlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from devsim.core.errors import MissingExtraError

Message = Any
"""A protobuf message; the generated modules are untyped."""

_ALIAS = "devsim.mlpackage._coremltools_proto"
_NEEDED_FOR = "reading packages"


def specification() -> ModuleType:
    """The package of generated modules: ``Model_pb2``, ``MIL_pb2``, ``FeatureTypes_pb2``.

    Raises:
        MissingExtraError: coremltools is not installed.
    """
    for name in ("coremltools.proto", _ALIAS):
        if name in sys.modules:
            return sys.modules[name]
    found = importlib.util.find_spec("coremltools")
    if found is None or not found.submodule_search_locations:
        raise MissingExtraError(_NEEDED_FOR, "coreml")
    folder = Path(found.submodule_search_locations[0]) / "proto"
    spec = importlib.util.spec_from_file_location(
        _ALIAS, folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    if spec is None or spec.loader is None:
        raise MissingExtraError(_NEEDED_FOR, "coreml")
    module = importlib.util.module_from_spec(spec)
    sys.modules[_ALIAS] = module
    spec.loader.exec_module(module)
    return module


def decode_error() -> type[Exception]:
    """What parsing raises on bytes that are not a message."""
    error: type[Exception] = importlib.import_module("google.protobuf.message").DecodeError
    return error
