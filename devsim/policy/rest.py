"""What is left of a run that goes on with a smaller budget."""

from dataclasses import replace

from devsim.core.pipeline import Pipeline, Stage
from devsim.policy.feasible import needed_bytes, require_feasible
from devsim.policy.order import positions
from devsim.policy.protocol import Policy, Rule


class Rest:
    """A policy for the rest of its run, without some of what it keeps.

    Args:
        policy: of the whole run.
        origins: of each stage of the rest, the whole run's stage, and the iteration and chunk that
            it begins with.
        shed: chunks that are kept no more, by stage and number in the whole run.
    """

    def __init__(
        self,
        policy: Policy,
        origins: tuple[tuple[int, int, int], ...],
        shed: frozenset[tuple[int, int]],
    ) -> None:
        self.name = policy.name
        self._policy = policy
        self._origins = origins
        self._shed = shed

    def rules(self, stage: int, iteration: int, chunks: int) -> tuple[Rule, ...]:
        """The whole run's rules at that place."""
        of, first_iteration, first_chunk = self._origins[stage]
        whole = self._policy.rules(of, first_iteration + iteration, first_chunk + chunks)
        return tuple(
            replace(rule, keep=False) if (of, chunk) in self._shed else rule
            for chunk, rule in enumerate(whole)
            if chunk >= first_chunk
        )


def rest_of(
    pipeline: Pipeline, policy: Policy, done: int, budget_bytes: int
) -> tuple[Pipeline, Rest]:
    """The computes that are left, and a policy for them that keeps the budget.

    Nothing is loaded at their start. The policy keeps less, the last chunks first, until its run
    fits.

    Args:
        pipeline: the whole run.
        policy: of the whole run.
        done: how many computes have ended; some must be left.
        budget_bytes: what may be held from now on.

    Raises:
        InfeasibleBudgetError: even with nothing kept the rest does not fit.
    """
    stages, origins = _left(pipeline, done)
    rest = pipeline.model_copy(update={"stages": stages})
    kept = _kept(pipeline, policy)
    for count in range(len(kept), -1, -1):
        less = Rest(policy, origins, frozenset(kept[count:]))
        if needed_bytes(rest, less)[0] <= budget_bytes:
            break
    require_feasible(rest, less, budget_bytes)
    return rest, less


def _left(
    pipeline: Pipeline, done: int
) -> tuple[tuple[Stage, ...], tuple[tuple[int, int, int], ...]]:
    """The stages that are left, and where each begins in the whole run.

    An iteration that has begun becomes a phase of its own, of the chunks that it still has.
    """
    at = positions(pipeline)[done]
    stage = pipeline.stages[at.stage]
    parts = [(at.stage, at.iteration, at.chunk, 1)] if at.chunk else []
    whole = at.iteration + (at.chunk > 0)
    if whole < stage.iterations:
        parts.append((at.stage, whole, 0, stage.iterations - whole))
    parts += [
        (number, 0, 0, each.iterations)
        for number, each in enumerate(pipeline.stages)
        if number > at.stage
    ]
    stages = tuple(_part(pipeline.stages[number], *part) for number, *part in parts)
    return stages, tuple((number, iteration, chunk) for number, iteration, chunk, _ in parts)


def _part(stage: Stage, iteration: int, chunk: int, iterations: int) -> Stage:
    return stage.model_copy(
        update={
            "first_iteration": stage.first_iteration + iteration,
            "iterations": iterations,
            "chunks": stage.chunks[chunk:],
        }
    )


def _kept(pipeline: Pipeline, policy: Policy) -> list[tuple[int, int]]:
    """Every chunk that is ever kept, by stage and number."""
    return [
        (number, chunk)
        for number, stage in enumerate(pipeline.stages)
        for chunk in range(len(stage.chunks))
        if any(
            policy.rules(number, iteration, len(stage.chunks))[chunk].keep
            for iteration in range(stage.iterations - 1)
        )
    ]
