import weakref
from itertools import pairwise

import numpy as np
import pytest

from devsim.core.errors import BadInputError
from devsim.core.manifest import Block, Port, StageManifest
from devsim.execute.tensors import TensorStore, boundary_tensors, external_bytes, external_ports
from devsim.simulation.costs import held_by


def port(name, *shape, tensor=None):
    return Port(name=name, tensor=tensor or name, shape=shape, dtype="float32")


def block(name, inputs, outputs):
    return Block(
        name=name,
        package=f"{name}.mlpackage",
        digest="",
        weight_bytes=0,
        parameters=0,
        flops=0,
        inputs=tuple(inputs),
        outputs=tuple(outputs),
    )


def stage(*blocks):
    return StageManifest(name="s", iterations=1, precision="fp32", blocks=blocks)


def store_of(stage, chunks=None):
    """By default, of one chunk a block."""
    inputs = {p.tensor: np.full(p.shape, 1, p.dtype) for b in stage.blocks for p in b.inputs}
    return TensorStore(chunks or [[block] for block in stage.blocks], inputs)


Z, X, Y, V = port("z", 10), port("x", 100), port("y", 30), port("v", 10)
X_OUT = port("x_out", 100, tensor="x")
THREE = stage(block("first", [Z], [X, Y]), block("mid", [X, Y], [X_OUT]), block("end", [X], [V]))


def test_external_inputs_are_those_that_no_block_before_has_written():
    assert [p.tensor for p in external_ports(THREE.blocks)] == ["z"]


def lifetimes(stage):
    return [(t.bytes // 4, t.made_by, t.taken_until) for t in boundary_tensors(stage.blocks)]


def test_a_boundary_tensor_lives_from_the_block_that_makes_it_to_the_last_that_takes_it():
    assert external_bytes(THREE.blocks) == 4 * 10
    # x and y of the first block go after the second, which makes another x for the third
    assert lifetimes(THREE) == [(100, 0, 1), (30, 0, 1), (100, 1, 2)]


def test_a_result_lives_until_the_stage_ends_and_a_skip_until_it_is_taken():
    skip = stage(
        block("a", [Z], [X, V]),
        block("b", [X], [Y]),
        block("c", [X, Y], [X_OUT]),
        block("d", [Y], []),
    )
    # x until c takes it and makes another, which nobody takes; v, a result; y until d
    assert lifetimes(skip) == [(100, 0, 2), (10, 0, 3), (30, 1, 3), (100, 2, 3)]


@pytest.mark.parametrize("cut", [[1, 1, 1, 1], [2, 2], [1, 3], [3, 1], [4]])
def test_a_store_holds_what_the_ledger_counts(cut):
    names = [block("a", [Z], [X, V]), block("b", [X], [Y]), block("c", [X, Y], [X_OUT])]
    blocks = [*names, block("d", [Y], [port("w", 7)])]
    chunks = [blocks[sum(cut[:n]) : sum(cut[: n + 1])] for n in range(len(cut))]
    tensors, store, first = boundary_tensors(blocks), store_of(stage(*blocks), chunks), 0
    made = []

    def alive():
        return sum(array().nbytes for array in made if array() is not None)

    store.start_iteration()
    for chunk in chunks:
        assert alive() == held_by(tensors, first, [0] * len(chunk)).carried_bytes
        first += len(chunk)
        for each in chunk:
            outputs = {p.name: np.ones(p.shape, np.float32) for p in each.outputs}
            made += map(weakref.ref, outputs.values())
            store.put(each, outputs)
            del outputs
    assert set(store.outputs()) == {"v", "x", "w"}
    store.start_iteration()
    assert alive() == 0


def test_an_updated_tensor_reaches_the_next_block_and_inputs_are_dropped_after_their_last_use():
    store = store_of(THREE)
    store.start_iteration()
    first, mid, end = THREE.blocks
    assert set(store.inputs(first)) == {"z"}
    x, y = np.full(100, 1, np.float32), np.full(30, 2, np.float32)
    store.put(first, {"x": x, "y": y})
    assert store.inputs(mid)["x"] is x
    x_out = np.full(100, 3, np.float32)
    store.put(mid, {"x_out": x_out})
    assert store.inputs(end)["x"] is x_out
    with pytest.raises(KeyError):
        store.inputs(mid)
    store.put(end, {"v": np.full(10, 4, np.float32)})
    assert len(store.digest()) == 64


def test_digest_tells_outputs_apart_and_forgets_nothing_of_them():
    def run(value):
        store = store_of(THREE)
        store.start_iteration()
        for number, (name, size) in enumerate([("x", 100), ("x_out", 100), ("v", 10)]):
            filled = {name: np.full(size, value, np.float32), "y": np.zeros(30, np.float32)}
            store.put(THREE.blocks[number], filled)
        return store.digest()

    assert run(1) == run(1)
    assert run(1) != run(2)


def test_output_of_a_stage_that_only_updates_a_tensor_is_in_the_digest():
    updating = stage(block("a", [X], [X_OUT]), block("b", [X], [X_OUT]))
    digests = []
    for value in (1, 2):
        store = store_of(updating)
        store.start_iteration()
        for each in updating.blocks:
            store.put(each, {"x_out": np.full(100, value, np.float32)})
        digests.append(store.digest())
    assert digests[0] != digests[1]


def test_every_iteration_starts_from_the_same_external_inputs():
    updating = stage(block("a", [X], [X_OUT]))
    store = store_of(updating)
    seen = []
    for _ in range(2):
        store.start_iteration()
        seen.append(store.inputs(updating.blocks[0])["x"])
        store.put(updating.blocks[0], {"x_out": np.zeros(100, np.float32)})
    assert all(np.array_equal(a, b) and a.any() for a, b in pairwise(seen))


def test_blocks_converted_for_other_shapes_are_refused():
    wrong = stage(block("a", [Z], [X]), block("b", [port("x", 99)], [V]))
    with pytest.raises(BadInputError, match=r"block b takes x as float32\[99\]"):
        store_of(wrong)
