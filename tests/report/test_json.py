"""What scripts read of plans, in seconds and bytes, worked out by hand from the samples."""

from samples import MB, PIPELINE, PLAN, POINTS, ROBUST, SENSITIVITIES

from devsim.report.plan_json import frontier_as_json, plan_as_json, sensitivity_as_json


def test_a_plan():
    assert plan_as_json(PLAN) == {
        "workload": "made",
        "device": "paper",
        "policy": "planned",
        "objective": "latency",
        "makespan_s": 0.43,
        "peak_bytes": 450 * MB,
        "budget_bytes": 450 * MB,
        "read_bytes": 1800 * MB,
        "lower_bound_s": 0.4,
        "gap": PLAN.gap,
        "stalls": {"prologue": 0.03, "load": 0.18},
        "stages": {
            "encoder": {
                "variant": "fp16",
                "iterations": 1,
                "first_iteration": 0,
                "chunks": [["e0"], ["e1"]],
                "resident": [],
                "window": 1,
            },
            "denoiser": {
                "variant": "int8",
                "iterations": 5,
                "first_iteration": 2,
                "chunks": [["d0"], ["d1", "d2"], ["d3"]],
                "resident": [0],
                "window": 2,
            },
        },
        "baselines": {
            "serial": {
                "makespan_s": 0.75,
                "peak_bytes": 250 * MB,
                "stall_s": 0.53,
                "read_bytes": 2200 * MB,
            },
            "all-resident": None,
            "strided": {
                "makespan_s": 0.43,
                "peak_bytes": 400 * MB,
                "stall_s": 0.21,
                "read_bytes": 1000 * MB,
            },
        },
    }
    assert abs(PLAN.gap - 0.075) < 1e-12  # 430 over 400


def test_a_robust_plan_that_holds_less_than_it_may():
    found = plan_as_json(ROBUST)
    assert (found["budget_bytes"], found["held_bytes"]) == (500 * MB, 450 * MB)
    assert found["robustness"] == {
        "percentile": 90,
        "makespan_s": 0.6,
        "median_s": 0.44,
        "runs": 40,
        "seed": 3,
    }


def test_phases_of_a_stage_are_numbered():
    encoder, denoiser = PIPELINE.stages
    stages = (encoder, denoiser, denoiser, denoiser)
    phased = PLAN.model_copy(
        update={
            "pipeline": PIPELINE.model_copy(update={"stages": stages}),
            "residency": PLAN.residency[:1] + PLAN.residency[1:] * 3,
        }
    )
    assert list(plan_as_json(phased)["stages"]) == [
        "encoder", "denoiser", "denoiser:2", "denoiser:3",
    ]  # fmt: skip


def test_a_frontier():
    assert frontier_as_json(POINTS) == [
        {"budget_bytes": 100 * MB, "makespan_s": 0.9, "lower_bound_s": 0.6},
        {"budget_bytes": 200 * MB, "makespan_s": 0.5, "lower_bound_s": 0.4},
        {"budget_bytes": 400 * MB, "makespan_s": 0.3, "lower_bound_s": 0.3},
    ]


def test_a_sensitivity():
    def row(lower, higher, below, above):
        return {
            "lower_makespan_s": lower,
            "higher_makespan_s": higher,
            "flips_below": below,
            "flips_above": above,
        }

    assert sensitivity_as_json(SENSITIVITIES) == {
        "budget": row(None, 0.4, None, 1.25),
        "compute": row(0.39, 0.61, 0.5, 2.0),
        "unload lag": row(0.43, 0.43, None, None),
    }
