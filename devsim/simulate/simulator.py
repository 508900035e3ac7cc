"""The simulator: a scheduler driven in simulated time."""

from functools import partial

import simpy
from simpy.events import Event

from devsim.core.pipeline import Pipeline
from devsim.core.trace import Footprint, Kind, Span, Trace
from devsim.policy.protocol import Policy
from devsim.policy.scheduler import Activity, Scheduler
from devsim.simulate.lanes import Lane


def simulate(pipeline: Pipeline, policy: Policy, budget_bytes: int) -> Trace:
    """Run a pipeline under a policy and a budget in simulated time.

    Raises:
        InfeasibleBudgetError: the policy cannot keep the budget.
    """
    run = _Run(pipeline, policy, budget_bytes)
    run.start(run.scheduler.start())
    run.env.run()
    if not run.scheduler.done:
        raise AssertionError(f"policy {policy.name} held back a load that the run waits for")
    return Trace(
        origin="simulated",
        workload=pipeline.workload,
        policy=policy.name,
        budget_bytes=budget_bytes,
        spans=tuple(sorted(run.spans, key=lambda span: span.start_ns)),
        footprint=tuple(Footprint(time, size) for time, size in run.footprint.items()),
    )


class _Run:
    def __init__(self, pipeline: Pipeline, policy: Policy, budget_bytes: int) -> None:
        self.scheduler = Scheduler(pipeline, policy, budget_bytes)
        self.env = simpy.Environment()
        self.spans: list[Span] = []
        self.footprint: dict[int, int] = {0: self.scheduler.footprint_bytes}
        self._ended: list[Activity] = []
        self._stages = pipeline.stages
        self._load_lane = Lane(self.env, pipeline.contended.load_ppm)
        self._compute_lane = Lane(self.env, pipeline.contended.compute_ppm)
        self._load_lane.beside(self._compute_lane)

    def start(self, activities: list[Activity]) -> None:
        for activity in activities:
            end = partial(self._end, activity, int(self.env.now))
            cost = self._stages[activity.at.stage].chunks[activity.at.chunk].cost
            if activity.kind is Kind.COMPUTE:
                self._compute_lane.run(cost.compute_ns, end)
            elif activity.kind is Kind.LOAD:
                self._load_lane.run(
                    cost.cold_load_ns if activity.cold else cost.cached_load_ns, end
                )
            else:
                self.env.timeout(cost.unload_ns).callbacks.append(end)
        self.footprint[int(self.env.now)] = self.scheduler.footprint_bytes

    def _end(self, activity: Activity, start_ns: int, _alarm: Event | None = None) -> None:
        self.spans.append(self._span(activity, start_ns, int(self.env.now)))
        self._ended.append(activity)
        if self.env.peek() > self.env.now:
            self._settle()
        elif len(self._ended) == 1:  # something else may end at this instant: look after it
            self.env.timeout(0).callbacks.append(self._settle)

    def _settle(self, _alarm: Event | None = None) -> None:
        ended, self._ended = self._ended, []
        self.start(self.scheduler.finish(ended))

    def _span(self, activity: Activity, start_ns: int, end_ns: int) -> Span:
        at = activity.at
        stage = self._stages[at.stage]
        return Span(
            kind=activity.kind,
            position=at.number,
            stage=stage.name,
            iteration=at.iteration,
            chunk=at.chunk,
            name=stage.chunks[at.chunk].name,
            start_ns=start_ns,
            end_ns=end_ns,
            cold=activity.cold,
            waited_for=activity.waited_for,
        )
