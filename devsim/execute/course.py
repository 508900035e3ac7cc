"""What a run does next, also after its budget has shrunk."""

from devsim.core.pipeline import Pipeline
from devsim.core.trace import Kind
from devsim.policy.order import positions
from devsim.policy.protocol import Policy, Position
from devsim.policy.rest import rest_of
from devsim.policy.scheduler import Activity, Scheduler


class Course:
    """A scheduler whose run can begin again, with what is left of it, under a smaller budget.

    Positions are the whole run's, whatever was begun again.

    Args:
        pipeline: what to run.
        policy: says what to load, compute and unload next.
        budget_bytes: what may be held.

    Raises:
        InfeasibleBudgetError: the policy cannot keep the budget.
    """

    def __init__(self, pipeline: Pipeline, policy: Policy, budget_bytes: int) -> None:
        self.budget_bytes = budget_bytes
        self._computed = 0
        self._loaded_before: set[object] = set()
        self._pipeline = pipeline
        self._policy = policy
        self._order = positions(pipeline)
        self._scheduler = Scheduler(pipeline, policy, budget_bytes)
        self._begun_at = 0

    @property
    def all_computed(self) -> bool:
        """Whether every compute has ended."""
        return self._computed == len(self._order)

    @property
    def footprint_bytes(self) -> int:
        """What the run holds now, by the ledger."""
        return self._scheduler.footprint_bytes

    def start(self) -> list[Activity]:
        """The first activities."""
        return self._placed(self._scheduler.start())

    def finish(self, ended: Activity) -> list[Activity]:
        """Note that an activity has ended, and return those that start now."""
        self._computed += ended.kind is Kind.COMPUTE
        if ended.kind is Kind.LOAD:
            self._loaded_before.add(self._package(ended.at))
        at = ended.at._replace(number=ended.at.number - self._begun_at)
        return self._placed(self._scheduler.finish([ended._replace(at=at)]))

    def begin_again(self, budget_bytes: int) -> list[Activity]:
        """The first activities of what is left; nothing may be running or loaded.

        Raises:
            InfeasibleBudgetError: what is left cannot keep the budget, whatever is dropped.
        """
        rest, policy = rest_of(self._pipeline, self._policy, self._computed, budget_bytes)
        self.budget_bytes = budget_bytes
        self._scheduler = Scheduler(rest, policy, budget_bytes)
        self._begun_at = self._computed
        return self.start()

    def _placed(self, activities: list[Activity]) -> list[Activity]:
        """The activities at their places in the whole run; cold where they never were before."""
        placed = []
        for activity in activities:
            at = self._order[activity.at.number + self._begun_at]
            cold = activity.cold and self._package(at) not in self._loaded_before
            placed.append(activity._replace(at=at, cold=cold))
        return placed

    def _package(self, at: Position) -> object:
        stage = self._pipeline.stages[at.stage]
        return stage.package_of(stage.chunks[at.chunk])
