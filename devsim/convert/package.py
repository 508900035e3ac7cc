"""One torch module to one Core ML package, quietly."""

import contextlib
import json
import re
import uuid
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from devsim.convert.compress import passes
from devsim.convert.precision import Precision
from devsim.convert.quiet import quiet
from devsim.core.errors import BadInputError
from devsim.core.manifest import Port

with quiet():
    import coremltools as ct

# How coremltools' C++ parts say that a file could not be written.
_FILE_TROUBLE = re.compile(r"filesystem error|MIL FileWriter")

# Not torch.export: coremltools 9 drops keyword arguments of an exported graph, such as a GELU's
# approximation (https://github.com/apple/coremltools/pull/2863).
_trace: Callable[..., torch.jit.ScriptModule] = torch.jit.trace

_TORCH_TYPES = {"float32": torch.float32, "float16": torch.float16, "int32": torch.int32}


# What may be between an input and a sine of it.
_OF_ANGLES = ("concat", "expand_dims", "mul", "real_div", "reshape", "sub")


def write_package(
    module: nn.Module,
    inputs: Sequence[Port],
    outputs: Sequence[Port],
    package: Path,
    precision: Precision,
) -> None:
    """Convert a module to an ML program for iOS 17.

    The same module gives the same bytes again, so that a package's digest identifies it.

    Raises:
        BadInputError: the package cannot be written; what was written of it stays.
    """
    with quiet(), _writing(package):
        package.parent.mkdir(parents=True, exist_ok=True)
        ct.convert(
            _trace(module, _zeros(inputs, "cpu"), check_trace=False),
            inputs=[ct.TensorType(p.name, p.shape, np.dtype(p.dtype).type) for p in inputs],
            outputs=[ct.TensorType(p.name, dtype=np.dtype(p.dtype).type) for p in outputs],
            convert_to="mlprogram",
            minimum_deployment_target=ct.target.iOS17,
            compute_precision=_compute_precision(precision),
            pass_pipeline=passes(precision),
            package_dir=str(package),
            skip_model_load=True,
        )
        _make_reproducible(package)


def weight_file_bytes(package: Path) -> int:
    """Size of a package's ``weight.bin``; zero where there is none."""
    return sum(path.stat().st_size for path in package.rglob("weight.bin"))


def count_flops(module: nn.Module, inputs: Sequence[Port]) -> int:
    """FLOPs of one forward, from shapes alone; a multiply-add counts as two."""
    tensors = {**dict(module.named_parameters()), **dict(module.named_buffers())}
    shapes = {name: tensor.to("meta") for name, tensor in tensors.items()}
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        torch.func.functional_call(module, shapes, _zeros(inputs, "meta"))
    return int(counter.get_total_flops())


def _compute_precision(precision: Precision) -> object:
    if precision != "fp16":
        return ct.precision.FLOAT32
    return ct.transform.FP16ComputePrecision(op_selector=lambda op: not _is_angle(op))


def _is_angle(op: ct.converters.mil.mil.Operation) -> bool:
    """Whether an operation makes a sine or its angle: float16 spoils an angle of hundreds."""
    if op.op_type in ("sin", "cos"):
        return True
    return op.op_type in _OF_ANGLES and any(map(_is_angle, op.outputs[0].child_ops))


def _make_reproducible(package: Path) -> None:
    """Write the program's maps in order, and name the package's items by their paths."""
    program = package / "Data" / "com.apple.CoreML" / "model.mlmodel"
    spec = ct.proto.Model_pb2.Model.FromString(program.read_bytes())
    program.write_bytes(spec.SerializeToString(deterministic=True))
    contents = package / "Manifest.json"
    text = contents.read_text()
    items = json.loads(text)["itemInfoEntries"]
    for identifier, item in items.items():
        text = text.replace(identifier, str(uuid.uuid5(uuid.NAMESPACE_URL, item["path"])))
    # As coremltools writes it back when it opens the package, which must not change the digest.
    contents.write_text(json.dumps(json.loads(text), indent=4, sort_keys=True) + "\n")


def _zeros(ports: Sequence[Port], device: str) -> tuple[Tensor, ...]:
    return tuple(
        torch.zeros(port.shape, dtype=_TORCH_TYPES[port.dtype], device=device) for port in ports
    )


@contextlib.contextmanager
def _writing(package: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, RuntimeError) as error:
        if isinstance(error, RuntimeError) and not _FILE_TROUBLE.search(str(error)):
            raise
        raise BadInputError(
            f"{package}: cannot be written ({error})", "free some space or choose another --output"
        ) from error
