"""What is asked of the planner."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from devsim.core.profile import Profile
from devsim.planner.cost import Objective
from devsim.planner.problem import problem_of
from devsim.planner.source import Problem
from devsim.simulation.workload import Phases


@dataclass(frozen=True)
class Ask:
    """A profile, what is to be run of it, and what the plan is to be the best at."""

    profile: Profile
    budget_bytes: int
    phases: Phases
    """Variants and iterations by stage."""
    loaders: int = 1
    objective: Objective = Objective.LATENCY
    variants: Mapping[str, str] = field(default_factory=dict)
    """By stage, the variant that must be used where the default one would be; others are chosen."""

    @cached_property
    def problem(self) -> Problem:
        """The problem, with every block at its mean cost."""
        return problem_of(self.profile, self.budget_bytes, self.phases, loaders=self.loaders)

    def at(self, budget_bytes: int) -> "Ask":
        """The same under another budget."""
        return replace(self, budget_bytes=budget_bytes)
