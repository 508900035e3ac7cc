"""Which variant each stage runs in, where the profile has several."""

from dataclasses import replace

from devsim.core.errors import BadInputError
from devsim.core.profile import StageProfile
from devsim.planner.ask import Ask
from devsim.planner.infeasible import finest_cut
from devsim.planner.problem import problem_of
from devsim.planner.search import WORK, search
from devsim.planner.source import Problem
from devsim.policy.feasible import smallest_budget_bytes
from devsim.simulate.workload import TDTM, default_variant

_SHARE = 8
"""Of the work of a plan, this part goes into each variant that is tried."""


def with_variants(ask: Ask) -> Ask:
    """Replace each stage's default variant by what is asked for, or by what is best on its own.

    Merging tokens changes what is computed, not how, so that variant is never chosen here.

    Raises:
        BadInputError: a stage or a variant is asked for that the profile does not have.
    """
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
    for stage in ask.profile.stages:
        choices = [ask.variants[stage.name]] if stage.name in ask.variants else _variants(stage)
        ask = min(
            (_with(ask, stage, variant) for variant in choices),
            key=lambda each: _cost_alone(each, stage) if len(choices) > 1 else 0,
        )
    return ask


def _variants(stage: StageProfile) -> list[str]:
    """Every variant but token merging, the default first."""
    names = dict.fromkeys(name for block in stage.blocks for name in block.variants)
    return [name for name in names if name != TDTM or name == default_variant(stage)]


def _with(ask: Ask, stage: StageProfile, variant: str) -> Ask:
    default = default_variant(stage)
    phases = [
        (variant if name == default else name, count) for name, count in ask.phases[stage.name]
    ]
    return replace(ask, phases={**ask.phases, stage.name: phases})


def _cost_alone(ask: Ask, stage: StageProfile) -> tuple[int, int]:
    """What does not fit comes last, the least need first."""
    whole = problem_of(ask.profile, ask.budget_bytes, ask.phases, loaders=ask.loaders)
    alone = Problem(
        **{
            **vars(whole),
            "stages": tuple(source for source in whole.stages if source.name == stage.name),
        }
    )
    need = smallest_budget_bytes(finest_cut(alone))[0]
    if need > ask.budget_bytes:
        return need, 0
    return 0, search(alone, WORK // _SHARE, objective=ask.objective).cost
