"""One run on several loaders: the schedule itself, in time that only adds up."""

from devsim.core.pipeline import Pipeline
from devsim.policy.schedule import COMPUTE, Schedule
from devsim.policy.timetable import Costs, Decisions
from devsim.simulation.drive import drive
from devsim.simulation.quick import Outcome
from devsim.simulation.speeds import Speeds


def run_with_several_loaders(
    costs: Costs, decisions: Decisions, pipeline: Pipeline, budget_bytes: int, speeds: Speeds
) -> Outcome:
    """Run to the last compute's end."""
    steps = Schedule(costs, decisions, pipeline.base_bytes, budget_bytes, pipeline.loaders)
    records, footprint = drive(steps, costs, speeds, pipeline.loaders)
    computes = [(start, end) for end, code, start in records if code & 3 == COMPUTE]
    makespan_ns = computes[-1][1]
    busy_ns = sum(end - start for start, end in computes)
    peak_bytes, stall_ns = max(footprint.values()), makespan_ns - busy_ns
    return Outcome(makespan_ns, peak_bytes, stall_ns, steps.enough_bytes, [])
