"""What is said of a plan, word for word, for plans whose figures are plain on paper."""

import pytest
from strategies import make_profile, make_variant

from devsim.core.plan import Baseline, Figures, Prediction, Residency
from devsim.planner.ask import Ask
from devsim.planner.explain import explain
from devsim.planner.planner import plan_for
from devsim.planner.shape import bounds_of
from devsim.simulation.workload import phases_of


def paragraphs(
    budget=1000, *, ends=(1, 2, 3, 4, 5), resident=(), iterations=4, compute=10, **update
):
    """The paragraphs about five blocks of 10 bytes that load in 20 ns, cut and kept like this."""
    blocks = [make_variant(resident=10, cold=50, cached=20, compute=compute)] * 5
    profile = make_profile((iterations, blocks), load_fixed=8, dispatch=2)
    ask = Ask(profile, budget, phases_of(profile, {}))
    (source,) = ask.problem.stages
    plan = plan_for(ask).model_copy(
        update={
            "pipeline": ask.problem.pipeline([source.stage(bounds_of(ends))]),
            "residency": (Residency(resident=resident, window=1),),
            **update,
        }
    )
    return explain(plan, ask.problem)


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({}, "would load 100 ns block by block, so its loads set the pace."),
        ({"compute": 30}, "would load 100 ns block by block, so its computes set the pace."),
        ({"iterations": 1}, "and loads 250 ns, once, so nothing is worth keeping."),
    ],
)
def test_what_sets_the_pace(more, sentence):
    assert sentence in paragraphs(**more)[0]


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({"resident": (0, 1, 2, 3, 4)}, "Everything stays loaded: it fits."),
        ({}, "Nothing stays resident: the loads of 100 ns take all memory."),
        (
            {"compute": 30},
            "Nothing stays resident: the loads of 100 ns hide behind the computes.",
        ),
        (
            # Streamed are 1 and 2 in a row, and 4.
            {"resident": (0, 3), "budget": 35},
            "2 chunks of 20 B stay resident and spare 40 ns of loads an iteration; 60 ns are left. "
            "At most 2 chunks in a row are streamed, through the 15 B that remain, so the loader "
            "works while residents compute.",
        ),
    ],
)
def test_what_stays_loaded(more, sentence):
    assert paragraphs(**more)[0].endswith(f" to others. {sentence}")


def test_what_joining_saves():
    # Three of five blocks come after another in their chunk: 3 x 8 of loads and 3 x 2 of computes.
    assert (
        "Its 5 blocks are joined into 2 chunks of at most 30 B, which saves 24 ns of fixed load "
        "cost an iteration and 6 ns of dispatch an iteration."
    ) in paragraphs(ends=(2, 5))[0]


def prediction(**stalls):
    return Prediction(
        makespan_ns=500, peak_bytes=20, load_busy_ns=400, compute_busy_ns=200, stalls_ns=stalls
    )


@pytest.mark.parametrize(
    ("stalls", "sentence"),
    [
        ({}, "The compute lane never waits: no plan is faster."),
        (
            {"prologue": 50, "memory": 250},
            "Of 500 ns, the compute lane works 200 ns; it waits 250 ns because memory has no room "
            "for the next load. No plan can beat 400 ns, so at most 25.0% are left to gain.",
        ),
        (
            {"prologue": 200, "load": 100},
            "Of 500 ns, the compute lane works 200 ns; it waits 200 ns before the first compute, "
            "for its load. No plan can beat 400 ns, so at most 25.0% are left to gain.",
        ),
    ],
)
def test_what_limits_the_makespan(stalls, sentence):
    assert paragraphs(prediction=prediction(**stalls), lower_bound_ns=400)[-2] == sentence


def baseline(policy, makespan_ns):
    if makespan_ns is None:
        return Baseline(policy=policy, figures=None)
    figures = Figures(makespan_ns=makespan_ns, peak_bytes=1, stall_ns=0, read_bytes=0)
    return Baseline(policy=policy, figures=figures)


@pytest.mark.parametrize(
    ("makespans", "sentence"),
    [
        ({"serial": None}, "No named policy keeps this budget."),
        ({"serial": 900, "prefix": 500}, "Policy prefix is as fast."),
        (
            {"serial": 900, "prefix": 620, "strided": None},
            "The best named policy, prefix, takes 120 ns longer.",
        ),
    ],
)
def test_what_named_policies_do(makespans, sentence):
    baselines = tuple(baseline(policy, ns) for policy, ns in makespans.items())
    assert paragraphs(prediction=prediction(load=1), baselines=baselines)[-1] == sentence
