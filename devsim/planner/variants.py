"""Which variants the stages may run in, where the profile has several."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import product

from devsim.core.errors import BadInputError
from devsim.core.plan import Plan
from devsim.core.profile import StageProfile
from devsim.planner.ask import Ask
from devsim.planner.problem import problem_of
from devsim.simulation.workload import TDTM, default_variant


def choices(ask: Ask) -> list[Ask]:
    """The ask with each choice of variants that may be the best, whatever the budget.

    Variants that are asked for are the only ones of their stages. One of which no block costs less
    in anything than in another variant is left out. Merging tokens changes what is computed, not
    how, so that variant is never chosen here.

    Raises:
        BadInputError: a stage or a variant is asked for that the profile does not have.
    """
    _require_known(ask)
    by_stage = [_undominated(ask, stage) for stage in ask.profile.stages]
    return [_with(ask, variants) for variants in product(*by_stage)]


def as_planned(ask: Ask, plan: Plan) -> Ask:
    """The ask with the variants that a plan for it runs in."""
    chosen = {stage.name: stage.variant for stage in plan.pipeline.stages if stage.variant != TDTM}
    stages = ask.profile.stages
    return _with(ask, [chosen.get(stage.name, default_variant(stage)) for stage in stages])


def _require_known(ask: Ask) -> None:
    known = {stage.name: stage for stage in ask.profile.stages}
    for name, variant in ask.variants.items():
        if name not in known:
            raise BadInputError(
                f"the profile has no stage '{name}'", f"its stages are: {', '.join(known)}"
            )
        if variant not in _variants(known[name]):
            raise BadInputError(
                f"stage {name} has no variant '{variant}'",
                f"it has: {', '.join(_variants(known[name]))}",
            )


def _variants(stage: StageProfile) -> list[str]:
    """Every variant but token merging, the default first."""
    names = dict.fromkeys(name for block in stage.blocks for name in block.variants)
    return [name for name in names if name != TDTM or name == default_variant(stage)]


def _with(ask: Ask, variants: Sequence[str]) -> Ask:
    """The ask with a variant of each stage where its default would be."""
    phases = dict(ask.phases)
    for stage, chosen in zip(ask.profile.stages, variants, strict=True):
        default = default_variant(stage)
        phases[stage.name] = [
            (chosen if name == default else name, count) for name, count in phases[stage.name]
        ]
    return replace(ask, phases=phases)


def _undominated(ask: Ask, stage: StageProfile) -> list[str]:
    if stage.name in ask.variants:
        return [ask.variants[stage.name]]
    kept: dict[str, list[int]] = {}
    for variant in _variants(stage):
        costs = _costs(ask, stage, variant)
        if not any(_nowhere_more(other, costs) for other in kept.values()):
            kept = {n: other for n, other in kept.items() if not _nowhere_more(costs, other)}
            kept[variant] = costs
    return list(kept)


def _costs(ask: Ask, stage: StageProfile, variant: str) -> list[int]:
    """Every figure of every block of a stage."""
    phases = {**ask.phases, stage.name: [(variant, 1)]}
    problem = problem_of(ask.profile, ask.budget_bytes, phases, loaders=ask.loaders)
    (source,) = (each for each in problem.stages if each.name == stage.name)
    return [figure for cost in source.costs for _, figure in cost]


def _nowhere_more(some: Sequence[int], others: Sequence[int]) -> bool:
    return all(one <= other for one, other in zip(some, others, strict=True))
