"""A simulated run in the units people script with."""

from collections.abc import Sequence

from devsim.core.trace import Trace
from devsim.core.units import seconds
from devsim.simulation.draw import distribution
from devsim.simulation.evaluate import Evaluation
from devsim.simulation.predict import by_stage, summarise


def simulation_as_json(trace: Trace) -> dict[str, object]:
    """One run, its stalls and its stages."""
    prediction = summarise(trace)
    return {
        "workload": trace.workload,
        "policy": trace.policy,
        "makespan_s": seconds(prediction.makespan_ns),
        "peak_bytes": prediction.peak_bytes,
        "budget_bytes": trace.budget_bytes,
        "load_busy_s": seconds(prediction.load_busy_ns),
        "compute_busy_s": seconds(prediction.compute_busy_ns),
        "stalls": {cause: seconds(ns) for cause, ns in prediction.stalls_ns.items()},
        "stages": {
            name: {
                "seconds": seconds(totals.duration_ns),
                "iterations": totals.iterations,
                "load_s": seconds(totals.load_ns),
                "compute_s": seconds(totals.compute_ns),
                "stall_s": seconds(totals.stall_ns),
            }
            for name, totals in by_stage(trace).items()
        },
    }


def runs_as_json(drawn: Sequence[Evaluation], seed: int) -> dict[str, object]:
    """Percentiles of many runs, the first of them with a seed."""
    makespans = distribution([run.makespan_ns for run in drawn])
    peaks = distribution([run.peak_bytes for run in drawn])
    return {
        "runs": {
            "count": len(drawn),
            "first_seed": seed,
            "makespan_s": {name: seconds(ns) for name, ns in makespans._asdict().items()},
            "peak_bytes": peaks._asdict(),
        }
    }
