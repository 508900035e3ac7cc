"""A run laid out beforehand: what every compute costs, and what the policy says of it.

Everything here is a list with one entry a compute of the run, in order.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from devsim.core.pipeline import Pipeline
from devsim.policy.protocol import Policy, Rule


@dataclass(frozen=True, slots=True)
class Costs:
    """What each compute, its load and its unload cost; a load's duration is for when it is due."""

    first: list[int]
    """The number of each stage's first compute, and at the end the count of all."""
    before: list[int]
    """The compute of the same chunk in the iteration before; -1 in the first."""
    cold: list[bool]
    load_ns: list[int]
    compute_ns: list[int]
    unload_ns: list[int]
    resident_bytes: list[int]
    transient_bytes: list[int]
    activation_bytes: list[int]


@dataclass(frozen=True, slots=True)
class Decisions:
    """What a policy decides for each compute."""

    kept: list[bool]
    """Its chunk has stayed loaded since the iteration before: no load."""
    stays: list[bool]
    """Its chunk stays loaded after it."""
    window: list[int]
    distance: list[int]
    while_computing: list[bool]


def costs_of(pipeline: Pipeline, iterations: Sequence[int]) -> Costs:
    """The costs of a run with so many iterations of each stage."""
    costs = Costs([0], [], [], [], [], [], [], [], [])
    for at, (stage, count) in enumerate(zip(pipeline.stages, iterations, strict=True)):
        chunks = [chunk.cost for chunk in stage.chunks]
        loaded = {
            phase.package_of(chunk)
            for phase in pipeline.stages[:at]
            if phase.name == stage.name
            for chunk in phase.chunks
        }
        cold = [not loaded or stage.package_of(chunk) not in loaded for chunk in stage.chunks]
        number, size = costs.first[-1], len(chunks)
        costs.first.append(number + size * count)
        costs.before.extend([-1] * size)
        costs.before.extend(range(number, number + size * (count - 1)))
        costs.cold.extend(cold + [False] * (size * (count - 1)))
        cached_ns = [cost.cached_load_ns for cost in chunks]
        costs.load_ns.extend(
            cost.cold_load_ns if is_cold else cost.cached_load_ns
            for cost, is_cold in zip(chunks, cold, strict=True)
        )
        costs.load_ns.extend(cached_ns * (count - 1))
        costs.compute_ns.extend([cost.compute_ns for cost in chunks] * count)
        costs.unload_ns.extend([cost.unload_ns for cost in chunks] * count)
        costs.resident_bytes.extend([cost.resident_bytes for cost in chunks] * count)
        costs.transient_bytes.extend([cost.transient_bytes for cost in chunks] * count)
        costs.activation_bytes.extend([cost.activation_bytes for cost in chunks] * count)
    return costs


def decisions_of(pipeline: Pipeline, policy: Policy, iterations: Sequence[int]) -> Decisions:
    """What the policy decides in a run with so many iterations of each stage."""
    made = Decisions([], [], [], [], [])
    for number, (stage, count) in enumerate(zip(pipeline.stages, iterations, strict=True)):
        size = len(stage.chunks)
        none = [False] * size
        asked: tuple[Rule, ...] = ()
        stays, window, distance, while_computing = none, [0] * size, [0] * size, none
        for iteration in range(count):
            made.kept.extend(stays if iteration else none)
            rules = policy.rules(number, iteration, size)
            if rules != asked:
                asked = rules
                stays, window, distance, while_computing = (
                    list(column) for column in zip(*rules, strict=True)
                )
            made.stays.extend(stays if iteration + 1 < count else none)
            made.window.extend(window)
            made.distance.extend(distance)
            made.while_computing.extend(while_computing)
    return made
