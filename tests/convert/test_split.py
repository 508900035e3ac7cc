"""A split package: blocks that compute the same, with the same weights, in other packages."""

from collections import Counter

import coremltools as ct
import numpy as np
import pytest
from coremltools.converters.mil.frontend.milproto.load import load as load_into_mil
from mil_models import mb, packages_of, run, run_blocks, same_bits, save, stage_of, stored

from devsim.convert.mil.split import After, Everywhere, IntoBlocks, split_package

LAYERS, WIDTH = 40, 24
RNG = np.random.default_rng(0)
X = {"x": RNG.standard_normal((3, WIDTH)).astype(np.float32)}


def weight(*shape):
    return RNG.standard_normal(shape).astype(np.float32) / WIDTH**0.5


def deep(x):
    for number in range(LAYERS):
        x = mb.linear(x=x, weight=weight(WIDTH, WIDTH), bias=weight(WIDTH), name=f"layer_{number}")
        x = mb.gelu(x=x, mode="TANH_APPROXIMATION", name=f"gelu_{number}")
    return x


@pytest.fixture(scope="module")
def forty_layers(tmp_path_factory):
    folder = tmp_path_factory.mktemp("deep")
    made, path = save(folder / "made.mlpackage", deep, X), folder / "deep.mlpackage"
    model = ct.models.MLModel(str(made), skip_model_load=True)
    model.author, model.user_defined_metadata["origin"] = "a test", "random"
    model.save(str(path))
    return path


@pytest.fixture(scope="module")
def in_seven(forty_layers, tmp_path_factory):
    folder = tmp_path_factory.mktemp("split") / "blocks"
    return folder, split_package(forty_layers, folder, IntoBlocks(7))


def test_outputs_are_the_same_bits(forty_layers, in_seven):
    assert same_bits(run(forty_layers, X), run_blocks(in_seven[0], X))


def test_no_weight_is_lost_doubled_or_changed(forty_layers, in_seven):
    folder, split = in_seven
    whole = Counter(stored(forty_layers))
    assert Counter(blob for package in packages_of(folder) for blob in stored(package)) == whole
    assert split.weight_bytes == sum(map(len, whole.elements()))
    assert (split.duplicated_bytes, split.shared) == (0, ())
    assert split.weight_bytes == sum(block.weight_bytes for block in split.blocks)


def test_blocks_weigh_nearly_the_same(in_seven):
    _, split = in_seven
    layer = 4 * (WIDTH + 1) * WIDTH
    assert all(block.weight_bytes % layer == 0 for block in split.blocks)
    assert {block.weight_bytes // layer for block in split.blocks} == {5, 6}


def test_the_report_adds_up(in_seven):
    _, split = in_seven
    assert split.legal_places == 2 * LAYERS - 1
    assert split.flops == LAYERS * 2 * 3 * WIDTH * WIDTH
    for number, cut in enumerate(split.cuts, start=1):
        before, after = split.blocks[:number], split.blocks[number:]
        assert cut.weight_bytes == tuple(sum(b.weight_bytes for b in s) for s in (before, after))
        assert cut.flops == tuple(sum(b.flops for b in s) for s in (before, after))
        assert cut.boundary_bytes == 3 * WIDTH * 4
        (boundary,) = cut.boundary
        assert boundary.name == cut.after


def test_coremltools_reads_the_blocks(forty_layers, in_seven):
    for package in packages_of(in_seven[0]):
        model = ct.models.MLModel(str(package), skip_model_load=True)
        spec = model.get_spec()
        assert spec.specificationVersion == ct.target.iOS17
        assert model.author == "a test"
        assert model.user_defined_metadata["origin"] == "random"
        program = load_into_mil(spec, spec.specificationVersion, model.weights_dir)
        described = [feature.name for feature in spec.description.input]
        assert list(program.functions["main"].inputs) == described
        (output,) = program.functions["main"].outputs
        assert output.name == spec.description.output[0].name


def test_the_same_split_gives_the_same_bytes(forty_layers, in_seven, tmp_path):
    split_package(forty_layers, tmp_path / "again", IntoBlocks(7))
    assert stage_of(tmp_path / "again") == stage_of(in_seven[0])


def test_halves_compute_what_coremltools_own_halves_do(forty_layers, tmp_path):
    ct.models.utils.bisect_model(
        str(forty_layers), str(tmp_path / "theirs"), check_output_correctness=False
    )
    halves = [tmp_path / "theirs" / f"deep_chunk{n}.mlpackage" for n in (1, 2)]
    middle = run(halves[0], X)
    split_package(forty_layers, tmp_path / "ours", IntoBlocks(2))
    assert same_bits(run(halves[1], middle), run_blocks(tmp_path / "ours", X))


def test_blocks_of_equal_flops(tmp_path):
    def build(x):
        x = mb.linear(x=x, weight=weight(400, WIDTH), name="wide")
        x = mb.reshape(x=x, shape=(30, 40))
        x = mb.matmul(x=x, y=mb.transpose(x=x, perm=(1, 0)), name="square")
        return mb.linear(x=x, weight=weight(2, 30))

    save(tmp_path / "m.mlpackage", build, X)
    split = split_package(tmp_path / "m.mlpackage", tmp_path / "out", IntoBlocks(2, "flops"))
    assert [b.flops for b in split.blocks] == [2 * 3 * 400 * WIDTH, 2 * 30 * 40 * 30 + 2 * 30 * 60]


def test_a_weight_used_in_several_blocks_is_in_each_and_reported(tmp_path):
    shared = weight(WIDTH, WIDTH)

    def build(x):
        tied = mb.const(val=shared, name="tied")
        for number in range(3):
            x = mb.linear(x=x, weight=tied, name=f"layer_{number}")
            x = mb.linear(x=x, weight=weight(WIDTH, WIDTH), name=f"own_{number}")
        return x

    whole = save(tmp_path / "tied.mlpackage", build, X)
    split = split_package(whole, tmp_path / "out", After(("own_0", "own_1")))
    (found,) = split.shared
    assert (found.name, found.bytes) == ("tied", shared.nbytes)
    assert found.blocks == ("block_00", "block_01", "block_02")
    assert split.duplicated_bytes == 2 * shared.nbytes
    assert same_bits(run(whole, X), run_blocks(tmp_path / "out", X))


def test_inputs_used_late_and_outputs_made_early(tmp_path):
    late = RNG.standard_normal((3, WIDTH)).astype(np.float32)

    def build(x, late):
        first = mb.linear(x=x, weight=weight(WIDTH, WIDTH), name="early_and_alone")
        second = mb.relu(x=first, name="early_and_used")
        third = mb.linear(x=second, weight=weight(WIDTH, WIDTH), name="third")
        fourth = mb.add(x=third, y=second, name="fourth")
        return mb.add(x=fourth, y=late, name="last"), mb.sigmoid(x=first, name="alone"), second

    whole = save(tmp_path / "m.mlpackage", build, {**X, "late": late})
    folder = tmp_path / "out"
    split = split_package(whole, folder, Everywhere())
    assert len(split.blocks) == split.operations == 6
    blocks = stage_of(folder).blocks
    assert [p.tensor for b in blocks for p in b.inputs].count("late") == 1
    inputs = {**X, "late": late}
    assert same_bits(run(whole, inputs), run_blocks(folder, inputs))
    read = {port.tensor for block in blocks for port in block.inputs}
    assert {"last", "alone", "early_and_used"}.isdisjoint(read)


@pytest.mark.parametrize(
    ("target", "element", "carried"),
    [
        (ct.target.iOS15, "fp16", "fp32"),
        (ct.target.iOS16, "fp16", "fp16"),
        (ct.target.iOS15, "bool", "int32"),
        (ct.target.iOS17, "int8", "int32"),
        (ct.target.iOS17, "uint16", "int32"),
        (ct.target.iOS17, "int32", "int32"),
    ],
)
def test_a_value_travels_as_a_type_that_a_package_may_have(target, element, carried, tmp_path):
    def build(x):
        inside = (
            mb.greater(x=x, y=np.float32(0), name="inside")
            if element == "bool"
            else mb.cast(x=mb.mul(x=mb.abs(x=x), y=np.float32(9)), dtype=element, name="inside")
        )
        return mb.cast(x=inside, dtype="fp32", name="out")

    whole = save(tmp_path / "m.mlpackage", build, X, target)
    split = split_package(whole, tmp_path / "out", After(("inside",)))
    (boundary,) = split.cuts[0].boundary
    assert (boundary.element, boundary.carried) == (element, carried)
    assert same_bits(run(whole, X), run_blocks(tmp_path / "out", X))


def test_constants_and_what_is_computed_of_them_go_where_they_are_used(tmp_path):
    table = weight(4, WIDTH)

    def build(x):
        row = mb.gather(x=mb.const(val=table), indices=np.array([2]), axis=0, name="row")
        x = mb.add(x=x, y=mb.identity(x=row, name="copy"), name="first")
        return mb.mul(x=x, y=row, name="second")

    whole = save(tmp_path / "m.mlpackage", build, X)
    split = split_package(whole, tmp_path / "out", Everywhere())
    assert [block.operations for block in split.blocks] == [1, 1]
    assert [b.name for cut in split.cuts for b in cut.boundary] == ["first"]
    assert same_bits(run(whole, X), run_blocks(tmp_path / "out", X))


def test_a_condition_and_a_loop_are_never_cut(tmp_path):
    def build(x):
        start = mb.linear(x=x, weight=weight(WIDTH, WIDTH), name="start")
        total = mb.reduce_sum(x=x, axes=[0, 1], keep_dims=False)
        chosen = mb.cond(
            pred=mb.greater(x=total, y=np.float32(0)),
            _true_fn=lambda: mb.linear(x=start, weight=weight(WIDTH, WIDTH)),
            _false_fn=lambda: mb.add(x=start, y=x),
            name="chosen",
        )
        turned, _ = mb.while_loop(
            _cond=lambda h, n: mb.less(x=n, y=3),
            _body=lambda h, n: (
                mb.add(x=mb.linear(x=h, weight=weight(WIDTH, WIDTH)), y=start),
                mb.add(x=n, y=1),
            ),
            loop_vars=(chosen, mb.const(val=0)),
            name="turned",
        )
        return mb.relu(x=turned, name="out")

    whole = save(tmp_path / "m.mlpackage", build, X)
    split = split_package(whole, tmp_path / "out", Everywhere())
    # The sum and its comparison are scalars, which no package may give.
    assert [cut.after for cut in split.cuts] == ["start", "chosen", "turned_0"]
    # Before them, in one branch, and in each of three rounds.
    assert split.flops == (1 + 1 + 3) * 2 * 3 * WIDTH * WIDTH
    assert same_bits(run(whole, X), run_blocks(tmp_path / "out", X))
