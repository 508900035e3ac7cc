"""``MLModel.predict`` of coremltools, answered by the reference runtime."""

import contextlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from conformance.comparison import Case, Untyped
from devsim.core.errors import BadFileError, BadInputError
from devsim.runtime.images import channels
from devsim.runtime.protocol import Array, TensorSpec
from devsim.runtime.reference import LoadedPipeline, LoadedReference, ReferenceRuntime

Loaded = LoadedReference | LoadedPipeline

_AUXILIARY = ("const", "cast", "identity")


def make_state(model: Untyped) -> Loaded:
    """What takes the place of ``MLModel.make_state``: a load, since each has its own states."""
    return _load(model)


def predictor(case: Callable[[], Case]) -> Callable[..., dict[str, Any]]:
    """The method that takes the place of ``MLModel.predict``."""

    def predict(
        model: Untyped, data: Mapping[str, Any], state: Loaded | None = None
    ) -> dict[str, Any]:
        if not model.is_package:
            pytest.skip("not an ML program")
        running = case()
        running.predicted, running.held = True, False
        running.operations = _operations(model)
        running.half |= _computes_in_half(model)
        # What coremltools itself refuses: names, and the modes of pictures.
        model._verify_input_dict(data)
        with _telling_as_coreml():
            loaded = _load(model) if state is None else state
            results = loaded.predict(data)
        running.prediction = {
            port.name: _as_given(results[port.name], port) for port in loaded.outputs
        }
        return dict(running.prediction)

    return predict


def _load(model: Untyped) -> Loaded:
    return ReferenceRuntime().load(Path(model.package_path), model.function_name)


@contextlib.contextmanager
def _telling_as_coreml() -> Iterator[None]:
    """Turn refusals into the errors that Core ML raises: many cases look for their text."""
    try:
        yield
    except BadFileError as error:
        raise RuntimeError(f"Unable to compute the prediction using ML Program: {error}") from error
    except BadInputError as error:
        raise RuntimeError(str(error)) from error


def _as_given(value: Array, port: TensorSpec) -> Untyped:
    """As coremltools gives an output: float16 wider, nothing without dimensions, pictures as PIL's.

    Core ML gives colors with a fourth channel, all of it 255.
    """
    if port.classes:
        return dict(zip(port.classes, value.tolist(), strict=True))
    if value.dtype.kind == "U" or (value.dtype == np.int64 and value.shape == ()):
        return value.item()
    array = np.atleast_1d(value)
    array = array.astype(np.float32) if array.dtype == np.float16 else array
    if port.color is None:
        return array
    if channels(port.color) == 3:
        opaque = np.full((*array.shape[:2], 1), 255, np.uint8)
        array = np.concatenate((array, opaque), axis=2)
    return Image.fromarray(array)


def _computes_in_half(model: Untyped) -> bool:
    program = model._mil_program
    return program is not None and any(
        value.is_tensor_or_scalar_of(dtype="fp16")
        for function in program.functions.values()
        for value in (
            *function.inputs.values(),
            *(output for operation in function.operations for output in operation.outputs),
        )
    )


def _operations(model: Untyped) -> tuple[str, ...]:
    program = model._mil_program
    if program is None:
        return ()
    return tuple(
        operation.op_type
        for operation in next(iter(program.functions.values())).operations
        if operation.op_type not in _AUXILIARY and not operation.op_type.startswith("constexpr_")
    )
