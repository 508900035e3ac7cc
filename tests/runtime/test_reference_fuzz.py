"""Damaged packages of every feature: each ends in a result or in one line, and in bounded time."""

import math
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import mil_packages
import numpy as np
import pytest
import torch
from coremltools.proto import Model_pb2
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mil_packages import mb

from devsim.core.errors import DevsimError
from devsim.runtime.reference import LoadedReference, ReferenceRuntime

SPEC = "Data/com.apple.CoreML/model.mlmodel"
LARGEST_INPUT = 1 << 16
X = np.ones((2, 3), np.float32)


def _control(x: Any, n: Any) -> Any:
    """A list that a loop fills, what a condition makes of it, a layer and random numbers."""

    def body(i: Any, ls: Any) -> Any:
        value = mb.cond(
            pred=mb.greater(x=i, y=1), _true_fn=lambda: mb.exp(x=x), _false_fn=lambda: mb.abs(x=x)
        )
        return mb.add(x=i, y=1), mb.list_write(ls=ls, index=i, value=value)

    made = mb.make_list(init_length=1, elem_shape=(2, 3), dtype="fp32")
    _, filled = mb.while_loop(
        _cond=lambda i, ls: mb.less(x=i, y=mb.squeeze(x=n)),
        _body=body,
        loop_vars=(np.int32(0), made),
    )
    places = mb.range_1d(start=0, end=mb.list_length(ls=filled), step=1)
    sequence = mb.list_gather(ls=filled, indices=places)
    weight = np.linspace(-1, 1, 12, dtype=np.float32)
    output, last = mb.rnn(
        x=sequence, initial_h=np.zeros((2, 4), np.float32), weight_ih=weight.reshape(4, 3),
        weight_hh=np.eye(4, dtype=np.float32), output_sequence=True,
    )  # fmt: skip
    noise = mb.random_normal(shape=mb.shape(x=output), seed=3)
    return mb.add(x=output, y=noise), mb.identity(x=last)


class Running(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("total", torch.zeros(3, dtype=torch.float16))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.total.add_(x.sum(0))
        return x * self.total


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("fuzz")
    control = mil_packages.save(folder, _control, {"x": X, "n": np.array([3], np.int32)})
    return {"control": control, "stateful": mil_packages.save_counting(folder, Running())}


@pytest.fixture(scope="module")
def victim(packages: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("victims")
    return {
        name: shutil.copytree(path, folder / f"{name}.mlpackage") for name, path in packages.items()
    }


def _use(loaded: LoadedReference) -> None:
    if any(math.prod(port.shape) > LARGEST_INPUT for port in loaded.inputs):
        return
    with np.errstate(all="ignore"):
        tensors = {port.name: np.full(port.shape, 3, port.dtype) for port in loaded.inputs}
    for _ in range(2):
        outputs = loaded.predict(tensors)
        assert outputs.keys() == {port.name for port in loaded.outputs}


def _survives(package: Path, spec: bytes) -> None:
    (package / SPEC).write_bytes(spec)
    problem = package.name
    try:
        _use(ReferenceRuntime(loop_limit=50).load(package))
    except DevsimError as error:
        problem = str(error)
    assert package.name in problem
    assert len(problem.splitlines()) == 1


def _model(package: Path) -> Any:
    return Model_pb2.Model.FromString((package / SPEC).read_bytes())


def _blocks(block: Any) -> Iterator[Any]:
    yield block
    for operation in block.operations:
        for nested in operation.blocks:
            yield from _blocks(nested)


def _all_blocks(model: Any) -> list[Any]:
    (function,) = model.mlProgram.functions.values()
    return list(_blocks(function.block_specializations[function.opset]))


@pytest.mark.filterwarnings("ignore")  # of the tracer and of coremltools, at the first use
@pytest.mark.parametrize("name", ["control", "stateful"])
def test_the_sound_ones_run(packages: dict[str, Path], name: str) -> None:
    _use(ReferenceRuntime().load(packages[name]))


SLOW = [HealthCheck.too_slow]


@pytest.mark.parametrize("name", ["control", "stateful"])
@settings(max_examples=150, deadline=None, suppress_health_check=SLOW)
@given(data=st.data())
def test_damaged_bytes(
    packages: dict[str, Path], victim: dict[str, Path], name: str, data: st.DataObject
) -> None:
    whole = bytearray((packages[name] / SPEC).read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(whole) - 1))
        whole[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=4))
    _survives(victim[name], bytes(whole))


@pytest.mark.parametrize("name", ["control", "stateful"])
@settings(max_examples=200, deadline=None, suppress_health_check=SLOW)
@given(data=st.data())
def test_a_program_wired_wrongly(
    packages: dict[str, Path], victim: dict[str, Path], name: str, data: st.DataObject
) -> None:
    """Names, kinds, types and blocks that exist, at places where they do not belong."""
    model = _model(packages[name])
    for _ in range(data.draw(st.integers(1, 3))):
        blocks = _all_blocks(model)
        operations = [each for block in blocks for each in block.operations]
        results = [result for each in operations for result in each.outputs]
        one, other = (data.draw(st.sampled_from(operations)) for _ in range(2))
        match data.draw(st.sampled_from(["name", "kind", "type", "blocks", "result", "order"])):
            case "name":
                bindings = [a for each in one.inputs.values() for a in each.arguments if a.name]
                if bindings:
                    chosen = data.draw(st.sampled_from(bindings))
                    chosen.name = data.draw(st.sampled_from(results)).name
            case "kind":
                one.type = other.type
            case "type":
                data.draw(st.sampled_from(results)).type.CopyFrom(
                    data.draw(st.sampled_from(results)).type
                )
            case "blocks":
                copies = [b.SerializeToString() for b in other.blocks]
                one.ClearField("blocks")
                for copy in copies:
                    one.blocks.add().ParseFromString(copy)
            case "result":
                block = data.draw(st.sampled_from(blocks))
                block.outputs.append(data.draw(st.sampled_from(results)).name)
            case "order":
                block = data.draw(st.sampled_from(blocks))
                if block.operations:
                    block.operations.add().CopyFrom(block.operations[0])
                    del block.operations[0]
    _survives(victim[name], model.SerializeToString())
