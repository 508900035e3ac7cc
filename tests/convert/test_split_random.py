"""Random programs cut at random legal places: the blocks one after another are the whole."""

import tempfile
from pathlib import Path

import numpy as np
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from mil_models import mb, packages_of, run, run_blocks, same_bits, save, stage_of

from devsim.convert.mil.join import Part, join_packages
from devsim.convert.mil.split import After, Everywhere, split_package

SHAPE = (3, 4)
INPUTS = ("a", "b", "c")

# What is made of how many floats, and what it becomes before it is a float again.
STEPS = {
    "linear": 1,
    "tanh": 1,
    "half": 1,
    "compare": 2,
    "whole": 1,
    "add": 2,
    "softmax": 1,
    "branch": 2,
    "constant": 1,
}


@st.composite
def programs(draw):
    """Steps, each of the numbers of the values that it takes; and the values that are outputs."""
    count = draw(st.integers(2, 10))
    steps = []
    for number in range(count):
        kind = draw(st.sampled_from(sorted(STEPS)))
        known = st.integers(0, len(INPUTS) + number - 1)
        steps.append((kind, [draw(known) for _ in range(STEPS[kind])]))
    made = range(len(INPUTS), len(INPUTS) + count)
    outputs = draw(st.sets(st.sampled_from(made), max_size=2)) | {made[-1]}
    return steps, sorted(outputs)


def built(steps, outputs, rng):
    def build(**inputs):
        values = list(inputs.values())
        for number, (kind, taken) in enumerate(steps):
            values.append(step(kind, [values[each] for each in taken], f"v{number}", rng))
        return [values[each] for each in outputs]

    return build


def step(kind, x, name, rng):
    weight = rng.standard_normal((SHAPE[1], SHAPE[1])).astype(np.float32)
    if kind == "linear":
        return mb.linear(x=x[0], weight=weight, name=name)
    if kind == "half":
        return mb.cast(x=mb.sin(x=mb.cast(x=x[0], dtype="fp16")), dtype="fp32", name=name)
    if kind == "compare":
        return mb.select(cond=mb.less(x=x[0], y=x[1]), a=x[0], b=mb.abs(x=x[1]), name=name)
    if kind == "whole":
        return mb.cast(x=mb.cast(x=mb.floor(x=x[0]), dtype="int32"), dtype="fp32", name=name)
    if kind == "add":
        return mb.add(x=x[0], y=x[1], name=name)
    if kind == "softmax":
        return mb.softmax(x=x[0], axis=-1, name=name)
    if kind == "branch":
        return mb.cond(
            pred=mb.greater(x=mb.reduce_sum(x=x[0], axes=[0, 1]), y=np.float32(0)),
            _true_fn=lambda: mb.mul(x=x[0], y=x[1]),
            _false_fn=lambda: mb.sub(x=x[1], y=np.float32(1)),
            name=name,
        )
    if kind == "constant":
        fixed = mb.transpose(x=mb.const(val=weight[:3].T.copy()), perm=(1, 0))
        return mb.mul(x=x[0], y=fixed, name=name)
    return mb.tanh(x=x[0], name=name)


# Every example is a conversion, so a failure is shown as it was found.
@settings(max_examples=20, phases=[Phase.explicit, Phase.generate])
@given(programs(), st.randoms(use_true_random=False))
def test_blocks_one_after_another_are_the_whole(program, random):
    rng = np.random.default_rng(random.randrange(1 << 32))
    x = {name: rng.standard_normal(SHAPE).astype(np.float32) for name in INPUTS}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        whole = save(folder / "m.mlpackage", built(*program, rng), x)
        split = split_package(whole, folder / "all", Everywhere())
        outputs = run(whole, x)
        assert same_bits(outputs, run_blocks(folder / "all", x))
        places = [cut.after for cut in split.cuts]
        if not places:
            return
        chosen = sorted(random.sample(places, random.randint(1, len(places))), key=places.index)
        fewer = split_package(whole, folder / "some", After(tuple(chosen)))
        assert [cut.after for cut in fewer.cuts] == chosen
        assert same_bits(outputs, run_blocks(folder / "some", x))
        blocks = stage_of(folder / "some").blocks
        parts = [Part(p, b) for p, b in zip(packages_of(folder / "some"), blocks, strict=True)]
        ports = join_packages(parts, frozenset(outputs), folder / "joined.mlpackage")
        joined = run(folder / "joined.mlpackage", x)
        assert same_bits(outputs, {p.tensor: joined[p.name] for p in ports.outputs})
