"""How each named policy cuts a stage into chunks."""

import re
from itertools import accumulate

from devsim.core.errors import BadInputError
from devsim.core.profile import StageProfile
from devsim.policy.named import POLICIES
from devsim.simulation.workload import Bounds, default_variant

_GROUP = re.compile(r"group-([1-9]\d{0,3})")


def cut_for(policy: str, stage: StageProfile) -> Bounds:
    """Where the chunks of a stage begin and end: ``group-N`` and ``bisect`` have their own cut.

    Raises:
        BadInputError: there is no such policy.
    """
    count = len(stage.blocks)
    group = _GROUP.fullmatch(policy)
    if group:
        size = int(group[1])
        return [(at, min(at + size, count)) for at in range(0, count, size)]
    if policy == "bisect":
        return _halves(stage)
    if policy == "planned":
        raise BadInputError("policy 'planned' needs a plan", "name a PLAN made by devsim plan")
    if policy not in POLICIES:
        raise BadInputError(f"unknown policy '{policy}'", f"use one of: {', '.join(POLICIES)}")
    return [(at, at + 1) for at in range(count)]


def _halves(stage: StageProfile) -> Bounds:
    """Two chunks whose weights differ least; one, of a single block."""
    variant = default_variant(stage)
    sizes = [block.variants[variant].weight_bytes.bytes for block in stage.blocks]
    if len(sizes) == 1:
        return [(0, 1)]
    until = list(accumulate(sizes))
    middle = min(range(1, len(sizes)), key=lambda at: abs(until[-1] - 2 * until[at - 1]))
    return [(0, middle), (middle, len(sizes))]
