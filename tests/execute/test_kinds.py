from devsim.core.manifest import Block, Port
from devsim.execute.kinds import of_their_kinds
from devsim.execute.measure import Measurement


def block(name, weights=100, width=4):
    x = Port(name="x", tensor="x", shape=(width,), dtype="float32")
    return Block(
        name=name,
        package=f"{name}.mlpackage",
        digest=name,
        weight_bytes=weights,
        parameters=0,
        flops=10,
        inputs=(x,),
        outputs=(x,),
    )


def measured(activation, transient, resident=100, took=1):
    durations = dict.fromkeys(
        ("cold_load_ns", "cached_load_ns", "unload_ns", "compute_ns"), (took, took + 1)
    )
    return Measurement(
        baseline_bytes=0,
        resident_bytes=resident,
        transient_bytes=transient,
        activation_bytes=activation,
        **durations,
    )


BLOCKS = [block("a"), block("b"), block("cc", weights=50), block("dd", width=5)]
SEEN = [measured(5, 1), measured(9, 0, resident=101, took=7), measured(2, 0), measured(3, 4)]
FOUND = of_their_kinds(BLOCKS, dict(zip(["a", "b", "cc", "dd"], SEEN, strict=True)))


def test_blocks_of_a_kind_need_as_much_as_any_of_them_was_seen_to():
    assert [(FOUND[n].activation_bytes, FOUND[n].transient_bytes) for n in "ab"] == [(9, 1)] * 2
    assert [FOUND[n].resident_bytes for n in "ab"] == [100, 101]


def test_blocks_of_a_kind_have_all_their_durations():
    for name in "ab":
        assert FOUND[name].compute_ns == FOUND[name].cold_load_ns == (1, 2, 7, 8)
        assert FOUND[name].cached_load_ns == FOUND[name].unload_ns == (1, 2, 7, 8)


def test_a_block_that_is_like_no_other_stays_as_it_was_measured():
    assert FOUND["cc"] == SEEN[2]
    assert FOUND["dd"] == SEEN[3]
