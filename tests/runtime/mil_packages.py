"""Makes small packages for the tests, straight from MIL."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import coremltools as ct
import numpy as np
import torch
from coremltools.converters.mil.mil import Function, Program, get_new_symbol, types

mb = ct.converters.mil.Builder
"""As coremltools' own documentation names it."""

TYPES = {"float32": types.fp32, "float16": types.fp16, "int32": types.int32}


def save(
    folder: Path,
    build: Callable[..., Any],
    inputs: Mapping[str, np.ndarray],
    target: Any = ct.target.iOS18,
    name: str = "model",
) -> Path:
    """Convert what ``build`` makes of inputs shaped like these, with no pass that rewrites it."""
    ports = {k: mb.placeholder(v.shape, TYPES[v.dtype.name]) for k, v in inputs.items()}
    return _saved(folder / f"{name}.mlpackage", build, ports, target)


def save_flexible(
    folder: Path,
    build: Callable[..., Any],
    shapes: Mapping[str, tuple[int | str, ...]],
    largest: int = 64,
    name: str = "model",
) -> Path:
    """Likewise of float32 inputs; a size that is a name may be anything up to the largest."""
    names = {size for shape in shapes.values() for size in shape if isinstance(size, str)}
    symbols = {name: get_new_symbol(name) for name in sorted(names)}
    ports = {
        name: mb.placeholder([symbols.get(size, size) for size in shape], types.fp32)
        for name, shape in shapes.items()
    }
    described = [
        ct.TensorType(
            name,
            ct.Shape(
                [ct.RangeDim(1, largest, 2) if isinstance(size, str) else size for size in shape]
            ),
        )
        for name, shape in shapes.items()
    ]
    return _saved(folder / f"{name}.mlpackage", build, ports, ct.target.iOS18, described)


def save_counting(folder: Path, module: torch.nn.Module, name: str = "counting") -> Path:
    """Convert a float16 module of 1 to 5 rows of three, whose buffer ``total`` is a state."""
    path = folder / f"{name}.mlpackage"
    ct.convert(
        torch.jit.trace(module.eval(), torch.ones(2, 3, dtype=torch.float16)),
        inputs=[ct.TensorType("x", ct.Shape((ct.RangeDim(1, 5, default=2), 3)), np.float16)],
        outputs=[ct.TensorType("y", dtype=np.float16)],
        states=[
            ct.StateType(wrapped_type=ct.TensorType(shape=(3,), dtype=np.float16), name="total")
        ],
        minimum_deployment_target=ct.target.iOS18,
        skip_model_load=True,
    ).save(str(path))
    return path


def _saved(
    path: Path, build: Callable[..., Any], ports: Any, target: Any, described: Any = None
) -> Path:
    program = Program()
    with Function(ports, opset_version=target) as function:
        results = build(**function.inputs)
        function.set_outputs(list(results) if isinstance(results, tuple | list) else [results])
    program.add_function("main", function)
    model = ct.convert(
        program,
        convert_to="mlprogram",
        minimum_deployment_target=target,
        pass_pipeline=ct.PassPipeline.EMPTY,
        inputs=described,
        skip_model_load=True,
    )
    model.save(str(path))
    return path


def evaluate(
    build: Callable[..., Any], inputs: Mapping[str, np.ndarray], target: Any = ct.target.iOS18
) -> list[np.ndarray]:
    """What coremltools' own value inference makes of it; some of it writes into its inputs."""
    with Function({}, opset_version=target):
        results = build(**{name: mb.const(val=value.copy()) for name, value in inputs.items()})
    return [
        np.asarray(result.val)
        for result in (results if isinstance(results, tuple | list) else [results])
    ]
