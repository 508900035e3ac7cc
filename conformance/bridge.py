"""``MLModel.predict`` of coremltools, answered by the reference runtime."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from conformance.comparison import Case, Untyped
from devsim.core.errors import BadFileError
from devsim.runtime.protocol import Array, LoadedPackage, TensorSpec
from devsim.runtime.reference import LoadedReference, ReferenceRuntime

_AUXILIARY = ("const", "cast", "identity")


def make_state(model: Untyped) -> LoadedReference:
    """What takes the place of ``MLModel.make_state``: a load, since each has its own states."""
    return _load(model)


def predictor(case: Callable[[], Case]) -> Callable[..., dict[str, Any]]:
    """The method that takes the place of ``MLModel.predict``."""

    def predict(
        model: Untyped, data: Mapping[str, Any], state: LoadedReference | None = None
    ) -> dict[str, Any]:
        if not model.is_package:
            pytest.skip("not an ML program")
        running = case()
        running.predicted = True
        running.operations = _operations(model)
        running.half |= _computes_in_half(model)
        loaded = _load(model) if state is None else state
        tensors = {port.name: _as_declared(data[port.name], port) for port in loaded.inputs}
        results = _computed(loaded, tensors)
        running.prediction = {name: _as_given(array) for name, array in results.items()}
        return dict(running.prediction)

    return predict


def _load(model: Untyped) -> LoadedReference:
    return ReferenceRuntime().load(Path(model.package_path), model.function_name)


def _computed(loaded: LoadedPackage, tensors: Mapping[str, Array]) -> Mapping[str, Array]:
    """Cases of invalid indices look for the error that Core ML raises, by its text."""
    try:
        return loaded.predict(tensors)
    except BadFileError as error:
        raise RuntimeError(f"Unable to compute the prediction using ML Program: {error}") from error


def _as_declared(value: Untyped, port: TensorSpec) -> Array:
    """Core ML converts what it is given to the dtype that the model declares."""
    array = np.asarray(value).astype(port.dtype)
    return array.reshape(()) if port.shape == () else np.ascontiguousarray(array)


def _as_given(value: Array) -> Array:
    """Core ML has no output without dimensions, and coremltools gives those of float16 wider."""
    array = np.atleast_1d(value)
    return array.astype(np.float32) if array.dtype == np.float16 else array


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
