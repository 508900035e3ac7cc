"""Policies by name, as the command line and plan files have them."""

from devsim.core.errors import BadInputError
from devsim.core.pipeline import Pipeline
from devsim.core.plan import Plan
from devsim.policy.on_device_sora import OnDeviceSora
from devsim.policy.planned import Planned
from devsim.policy.protocol import Policy
from devsim.policy.serial import Serial
from devsim.policy.strided import strided

BASELINES = ("serial", "on-device-sora", "strided")


def baseline(name: str, pipeline: Pipeline, budget_bytes: int) -> Policy:
    """A policy that needs no plan.

    Raises:
        BadInputError: there is no such policy.
    """
    if name == "serial":
        return Serial()
    if name == "on-device-sora":
        return OnDeviceSora(pipeline, budget_bytes)
    if name == "strided":
        return strided(pipeline, budget_bytes)
    raise BadInputError(f"unknown policy '{name}'", f"use one of: {', '.join(BASELINES)}")


def policy_of(plan: Plan) -> Policy:
    """The policy that a plan chose."""
    if plan.policy == "planned":
        return Planned(plan.residency)
    return baseline(plan.policy, plan.pipeline, plan.budget_bytes)
