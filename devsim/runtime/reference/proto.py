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
from devsim.runtime.reference.faults import MalformedError

Message = Any
"""A protobuf message; the generated modules are untyped."""

_ALIAS = "devsim.runtime.reference._coremltools_proto"


def _message_modules() -> ModuleType:
    if "coremltools.proto" in sys.modules:
        return sys.modules["coremltools.proto"]
    found = importlib.util.find_spec("coremltools")
    if found is None or not found.submodule_search_locations:
        raise MissingExtraError("running packages", "coreml")
    folder = Path(found.submodule_search_locations[0]) / "proto"
    spec = importlib.util.spec_from_file_location(
        _ALIAS, folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    if spec is None or spec.loader is None:
        raise MissingExtraError("running packages", "coreml")
    module = importlib.util.module_from_spec(spec)
    sys.modules[_ALIAS] = module
    spec.loader.exec_module(module)
    return module


def parse_model(data: bytes) -> Message:
    """Parse a serialized ``Model`` message.

    Raises:
        MalformedError: the bytes are not one.
    """
    undecodable = importlib.import_module("google.protobuf.message").DecodeError
    try:
        return _message_modules().Model_pb2.Model.FromString(data)
    except undecodable as error:
        raise MalformedError("the spec is not a Core ML model") from error
