"""What is run: leaps, merging, cuts, drawn durations and totals by stage, each by hand."""

import pytest
from strategies import make_profile, make_variant

from devsim.core.errors import BadInputError
from devsim.core.profile import BlockProfile, Samples
from devsim.core.trace import Kind
from devsim.simulation.cut import cut_for
from devsim.simulation.draw import Sampler, distribution, many_runs
from devsim.simulation.predict import by_stage
from devsim.simulation.request import Sampling, simulation_of_profile
from devsim.simulation.workload import phases_of, pipeline_for


def video_profile(*, blocks=4, steps=30):
    """Stages t5 and stdit; stdit's blocks but the first and last have a merged variant."""
    made = make_profile((1, [block(8)]), (steps, [block(10) for _ in range(blocks)]))
    t5, stdit = made.stages
    inner = [
        BlockProfile(name=b.name, variants={**b.variants, "tdtm": block(4)})
        for b in stdit.blocks[1:-1]
    ]
    stages = (
        t5.model_copy(update={"name": "t5"}),
        stdit.model_copy(
            update={"name": "stdit", "blocks": (stdit.blocks[0], *inner, stdit.blocks[-1])}
        ),
    )
    return made.model_copy(update={"stages": stages})


def block(compute, *, resident=10, samples=()):
    made = make_variant(resident=resident, cold=9, cached=3, compute=compute)
    if samples:
        made = made.model_copy(update={"compute": Samples(ns=tuple(samples), source="made")})
    return made


def blockwise(stage):
    return cut_for("serial", stage)


@pytest.mark.parametrize(
    ("options", "phases"),
    [
        ({}, [("v", 30)]),
        ({"steps": 50}, [("v", 50)]),
        ({"lpl_step": 15}, [("v", 16)]),  # steps 0 to 14 as they are, and 15 leaps
        ({"lpl_step": 0}, [("v", 1)]),
        ({"lpl_step": 29}, [("v", 30)]),
        ({"lpl_step": 40}, [("v", 30)]),  # never reached
        ({"tdtm_steps": 15}, [("tdtm", 15), ("v", 15)]),
        ({"tdtm_steps": 30}, [("tdtm", 30)]),
        ({"tdtm_steps": 15, "lpl_step": 15}, [("tdtm", 15), ("v", 1)]),
        ({"tdtm_steps": 30, "lpl_step": 15}, [("tdtm", 16)]),
        ({"tdtm_steps": 3, "lpl_step": 3, "steps": 2}, [("tdtm", 2)]),
    ],
)
def test_leaps_and_merging_change_the_steps(options, phases):
    found = phases_of(video_profile(), {}, **options)
    assert found == {"t5": [("v", 1)], "stdit": phases}


def test_merging_phases_share_the_packages_that_have_no_merged_variant():
    profile = video_profile()
    pipeline = pipeline_for(profile, phases_of(profile, {}, tdtm_steps=10), blockwise)
    _, merged, plain = pipeline.stages
    assert (merged.first_iteration, merged.iterations) == (0, 10)
    assert (plain.first_iteration, plain.iterations) == (10, 20)
    assert [chunk.cost.compute_ns for chunk in merged.chunks] == [10, 4, 4, 10]
    shared = [
        merged.package_of(a) == plain.package_of(b)
        for a, b in zip(merged.chunks, plain.chunks, strict=True)
    ]
    assert shared == [True, False, False, True]
    simulation = simulation_of_profile(profile, phases_of(profile, {}, tdtm_steps=10), "serial", 99)
    colds = [s.name for s in simulation.run(0).spans if s.cold]
    assert colds == ["b0", "b0", "b1", "b2", "b3", "b1", "b2"]  # t5's, merged, the other two again


def test_what_does_not_exist_is_refused():
    plain = make_profile((3, [block(1)]))
    with pytest.raises(BadInputError, match="no denoiser"):
        phases_of(plain, {}, steps=3)
    renamed = plain.model_copy(
        update={"stages": (plain.stages[0].model_copy(update={"name": "stdit"}),)}
    )
    with pytest.raises(BadInputError, match="no variant 'tdtm' of stage stdit"):
        phases_of(renamed, {}, tdtm_steps=3)
    with pytest.raises(BadInputError, match="no stage 'vae'"):
        phases_of(renamed, {"vae": 3})
    with pytest.raises(BadInputError, match="'planned' needs a plan"):
        cut_for("planned", renamed.stages[0])
    for name in ("group-0", "group-", "greedy"):
        with pytest.raises(BadInputError, match=f"unknown policy '{name}'"):
            cut_for(name, renamed.stages[0])


def test_cuts():
    sizes = [10, 30, 10, 10, 20]
    (stage,) = make_profile((1, [block(1, resident=size) for size in sizes])).stages
    assert cut_for("group-2", stage) == [(0, 2), (2, 4), (4, 5)]
    assert cut_for("group-9", stage) == [(0, 5)]
    assert cut_for("bisect", stage) == [(0, 2), (2, 5)]  # 40 and 40
    assert cut_for("strided", stage) == [(n, n + 1) for n in range(5)]
    (single,) = make_profile((1, [block(1)])).stages
    assert cut_for("bisect", single) == [(0, 1)]


def test_bisect_and_all_resident():
    profile = make_profile((2, [block(5) for _ in range(4)]))
    phases = phases_of(profile, {})
    # two chunks of 2 x 9 cold, 2 x 3 cached and 2 x 5: 2 x (18 + 10), then 2 x (6 + 10)
    halves = simulation_of_profile(profile, phases, "bisect", 100).run(0)
    assert (halves.policy, halves.makespan_ns) == ("bisect", 56 + 32)
    # loads 0-36 one after another; the last computes 36-41, then four more computes
    everything = simulation_of_profile(profile, phases, "all-resident", 40).run(0)
    assert everything.makespan_ns == 41 + 20
    assert everything.peak_bytes == 40
    # pairs: cold 0-18, 18-36; computes 18-28, 36-46; cached 36-42, 46-52; computes 46-56, 56-66
    pairs = simulation_of_profile(profile, phases, "group-2", 100).run(0)
    assert [s.start_ns for s in pairs.spans if s.kind is Kind.LOAD] == [0, 18, 36, 46]
    assert pairs.makespan_ns == 46 + 10 + 10


def test_a_stage_s_compute_and_stall_are_its_time():
    profile = video_profile(steps=4)
    phases = phases_of(profile, {}, tdtm_steps=3)
    trace = simulation_of_profile(profile, phases, "serial", 99).run(0)
    stages = by_stage(trace)
    # t5: 9 + 8. stdit, serial: loads 4 x 9, 2 x 4 x 3, then 2 x 9 + 2 x 3; computes 3 x 28 + 40
    assert tuple(stages["t5"]) == (17, 1, 9, 8, 9)
    assert tuple(stages["stdit"]) == (84 + 124, 4, 84, 124, 84)
    assert trace.makespan_ns == sum(totals.duration_ns for totals in stages.values())


def test_drawn_durations_come_from_the_samples_and_depend_on_the_seed_alone():
    profile = make_profile((400, [block(0, samples=(1, 2, 30))]))
    phases = phases_of(profile, {})
    drawn = simulation_of_profile(profile, phases, "serial", 99, sampling=Sampling.DRAW)
    took = drawn.sampler.durations(7).compute_ns
    assert set(took) == {1, 2, 30}
    # each of three values a third of the time: 400 / 3 = 133, give or take five deviations of 9.4
    assert all(86 < took.count(value) < 181 for value in (1, 2, 30))
    assert took == drawn.sampler.durations(7).compute_ns != drawn.sampler.durations(8).compute_ns
    assert drawn.run(7).busy_ns(Kind.COMPUTE) == sum(took)
    mean = simulation_of_profile(profile, phases, "serial", 99)
    median = simulation_of_profile(profile, phases, "serial", 99, sampling=Sampling.MEDIAN)
    assert mean.pipeline.stages[0].chunks[0].cost.compute_ns == 11
    assert median.pipeline.stages[0].chunks[0].cost.compute_ns == 2
    with pytest.raises(BadInputError, match="all runs would be the same"):
        median.runs(2, 0)


def test_many_runs_are_the_single_ones():
    profile = make_profile((3, [block(0, samples=(1, 2, 30)), block(0, samples=(4, 9))]))
    drawn = simulation_of_profile(profile, phases_of(profile, {}), "group-1", 99)
    sampler = Sampler(profile, drawn.pipeline)
    several = many_runs(drawn.pipeline, drawn.policy, 99, sampler, range(5, 25))
    single = [drawn._replace(sampler=sampler).run(seed).makespan_ns for seed in range(5, 25)]
    assert [run.makespan_ns for run in several] == single


def test_percentiles_are_by_nearest_rank():
    assert tuple(distribution(range(1, 101))) == (5, 50, 90, 95, 99)
    assert tuple(distribution([7])) == (7,) * 5
