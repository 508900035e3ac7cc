from devsim.core.manifest import Block, Port
from devsim.execute.kinds import with_bytes_of_kind
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


def measured(activation, transient, resident=100):
    durations = dict.fromkeys(("cold_load_ns", "cached_load_ns", "unload_ns", "compute_ns"), (1,))
    return Measurement(
        baseline_bytes=0,
        resident_bytes=resident,
        transient_bytes=transient,
        activation_bytes=activation,
        **durations,
    )


def test_blocks_of_a_kind_need_as_much_as_any_of_them_was_seen_to():
    blocks = [block("a"), block("b"), block("other", weights=50), block("wide", width=5)]
    seen = [measured(5, 1), measured(9, 0, resident=101), measured(2, 0), measured(3, 4)]
    found = with_bytes_of_kind(blocks, dict(zip(["a", "b", "other", "wide"], seen, strict=True)))
    assert found["a"] == measured(9, 1)
    assert found["b"] == measured(9, 1, resident=101)
    assert found["other"] == seen[2]
    assert found["wide"] == seen[3]
