"""``on-device-sora``, rule by rule, against what the app's source does.

The figures are those of the On-device Sora app: which packages it loads while another computes,
and its memory rule: after a block's predict in the first step, keep it while
``remain - L > need + 2 L``.
"""

import pytest
from strategies import make_chunk, make_pipeline, make_stage

from devsim.core.trace import Kind
from devsim.policy.on_device_sora import OnDeviceSora
from devsim.simulation.simulator import simulate

LOAD, COMPUTE = 10, 4
AMPLE = 10_000


def stage(name, *chunks, iterations=1):
    made = [make_chunk(chunk, resident=10, load=LOAD, compute=COMPUTE) for chunk in chunks]
    return make_stage(*made, name=name, iterations=iterations)


def t5():
    return stage("t5", "embed", "block0", "block1", "block2", "final_norm")


def stdit(blocks=4):
    names = [f"block{n}" for n in range(blocks)]
    return stage("stdit", "part1", *names, "part2", iterations=3)


def prefetched(policy_budget, *stages):
    """The loads that began with the compute before theirs, as (stage, iteration, chunk name).

    Every other load is checked to be in line: it begins when the compute before has ended.
    """
    pipeline = make_pipeline(*stages, baseline=5)
    trace = simulate(pipeline, OnDeviceSora(pipeline, policy_budget), AMPLE)
    computes = {span.position: span for span in trace.spans if span.kind is Kind.COMPUTE}
    found = []
    for load in (span for span in trace.spans if span.kind is Kind.LOAD):
        before = computes.get(load.position - 1)
        if before is not None and load.start_ns == before.start_ns:
            found.append((load.stage, load.iteration, load.name))
        else:
            assert load.start_ns == (before.end_ns if before else 0)
            assert computes[load.position].start_ns == load.end_ns
    return found


def test_t5_loads_each_next_block_while_one_computes_except_embedding_first_block_and_norm():
    assert prefetched(0, t5()) == [("t5", 0, "block1"), ("t5", 0, "block2")]


def test_stdit_prefetches_nothing_in_the_first_step_and_never_block_0_or_the_parts():
    assert prefetched(0, stdit()) == [
        ("stdit", step, f"block{n}") for step in (1, 2) for n in (1, 2, 3)
    ]


def test_with_residents_only_blocks_after_them_are_prefetched():
    # 70 allows two residents (see below): block 2 is loaded while block 1 computes.
    assert prefetched(70, stdit()) == [
        ("stdit", step, f"block{n}") for step in (1, 2) for n in (2, 3)
    ]


def test_residents_are_loaded_once_and_released_in_the_last_step():
    pipeline = make_pipeline(stdit(), baseline=5)
    trace = simulate(pipeline, OnDeviceSora(pipeline, 70), AMPLE)
    for name in ("block0", "block1"):
        (load,) = [s for s in trace.spans if s.kind is Kind.LOAD and s.name == name]
        (unload,) = [s for s in trace.spans if s.kind is Kind.UNLOAD and s.name == name]
        assert (load.iteration, unload.iteration) == (0, 2)
    for name in ("part1", "block2", "block3", "part2"):
        assert sum(s.kind is Kind.LOAD and s.name == name for s in trace.spans) == 3


@pytest.mark.parametrize("name", ["vae_temporal", "vae_spatial"])
def test_vae_is_strictly_one_after_another(name):
    vae = stage(name, "part_1", "part_2", "part_3", iterations=4)
    assert prefetched(AMPLE, vae) == []
    pipeline = make_pipeline(vae, baseline=5)
    trace = simulate(pipeline, OnDeviceSora(pipeline, AMPLE), AMPLE)
    assert sum(span.kind is Kind.LOAD for span in trace.spans) == 4 * 3  # each, every time
    assert trace.makespan_ns == 4 * 3 * (LOAD + COMPUTE)


def test_first_package_of_a_stage_is_not_prefetched_by_the_stage_before():
    found = prefetched(0, t5(), stdit(), stage("vae_temporal", "part_1", "part_2"))
    assert [load for load in found if load[0] == "vae_temporal" or load[2] == "part1"] == []


@pytest.mark.parametrize(
    ("budget", "residents"),
    [
        # L = 10, need = baseline 5 + L = 15, so a block stays while remain - 10 > 15 + 20, that
        # is while remain > 45; remain starts at budget - 5 and drops by 10 a block.
        (50, 0),  # 45 is not above 45
        (51, 1),  # 46, then 36
        (60, 1),  # 55, then 45
        (70, 2),  # 65, 55, then 45
        (71, 3),  # 66, 56, 46, then 36
        (AMPLE, 4),  # there are but four blocks
    ],
)
def test_memory_rule_keeps_the_first_blocks(budget, residents):
    pipeline = make_pipeline(stdit(), baseline=5)
    policy = OnDeviceSora(pipeline, budget)
    kept = [n for n, rule in enumerate(policy.rules(0, 0, 6)) if rule.keep]
    assert kept == list(range(1, 1 + residents))  # after part1, which never stays


def test_memory_rule_counts_the_first_blocks_activation_as_footprint():
    blocks = [make_chunk(f"block{n}", resident=10, activation=6) for n in range(4)]
    pipeline = make_pipeline(make_stage(*blocks, name="stdit"), baseline=5)
    # need = 5 + 10 + 6 = 21: a block stays while remain > 51; without the 6, 51 would keep one
    for budget, residents in [(51, 0), (56, 0), (57, 1), (67, 2)]:
        policy = OnDeviceSora(pipeline, budget)
        kept = sum(rule.keep for rule in policy.rules(0, 0, 4))
        assert kept == residents


def test_memory_rule_on_the_iphone_15_pro():
    # 3.3 GB, a process of 200 MB, blocks of 170 MB: remain = 3.1 GB, need = 0.37 GB; a block stays
    # while remain > 0.37 + 3 x 0.17 = 0.88 GB, that is 3.1 - 0.17 k > 0.88: k = 0 ... 13.
    blocks = [make_chunk(f"block{n}", resident=170_000_000) for n in range(28)]
    pipeline = make_pipeline(make_stage(*blocks, name="stdit"), baseline=200_000_000)
    policy = OnDeviceSora(pipeline, 3_300_000_000)
    kept = [n for n, rule in enumerate(policy.rules(0, 0, 28)) if rule.keep]
    assert kept == list(range(14))


def test_load_ahead_is_one_block_deep():
    slow = [make_chunk(f"block{n}", load=1, compute=10) for n in range(4)]
    pipeline = make_pipeline(make_stage(*slow, name="t5"))
    trace = simulate(pipeline, OnDeviceSora(pipeline, 0), AMPLE)
    loads = [span.start_ns for span in trace.spans if span.kind is Kind.LOAD]
    computes = [span.start_ns for span in trace.spans if span.kind is Kind.COMPUTE]
    assert loads[1:] == computes[:-1]
