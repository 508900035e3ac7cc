"""Policies by name, as the command line and plan files have them."""

from devsim.core.errors import BadInputError
from devsim.core.pipeline import Pipeline
from devsim.core.plan import Plan, Residency
from devsim.policy.on_device_sora import OnDeviceSora
from devsim.policy.planned import Planned
from devsim.policy.protocol import Policy
from devsim.policy.serial import Serial
from devsim.policy.strided import prefix, strided

BASELINES = ("serial", "on-device-sora", "strided")
"""What a plan is compared with: policies that take one chunk a block."""
POLICIES = (*BASELINES, "prefix", "all-resident", "group-N", "bisect")
"""All that need no plan; ``group-N`` with a number for N."""


def baseline(
    name: str,
    pipeline: Pipeline,
    budget_bytes: int,
    *,
    concurrent: bool = True,
    dynamic: bool = True,
) -> Policy:
    """A policy that needs no plan.

    Args:
        name: one of ``POLICIES``.
        pipeline: in the cut of that policy.
        budget_bytes: what may be held.
        concurrent: load ahead while a compute runs; ``on-device-sora`` can do without.
        dynamic: keep chunks loaded; ``on-device-sora`` can do without.

    Raises:
        BadInputError: there is no such policy.
    """
    if name == "on-device-sora":
        return OnDeviceSora(pipeline, budget_bytes, concurrent=concurrent, dynamic=dynamic)
    if name in ("serial", "bisect"):
        return Serial(name)
    if name == "strided":
        return strided(pipeline, budget_bytes)
    if name == "prefix":
        return prefix(pipeline, budget_bytes)
    if name == "all-resident":
        everything = (tuple(range(len(stage.chunks))) for stage in pipeline.stages)
        return Planned(
            tuple(Residency(resident=chunks, window=len(chunks)) for chunks in everything), name
        )
    if name.startswith("group-"):
        return Planned((Residency(resident=(), window=1),) * len(pipeline.stages), name)
    raise BadInputError(f"unknown policy '{name}'", f"use one of: {', '.join(POLICIES)}")


def policy_of(plan: Plan) -> Policy:
    """The policy that a plan chose."""
    if plan.policy == "planned":
        return Planned(plan.residency)
    return baseline(plan.policy, plan.pipeline, plan.budget_bytes)
