"""A run laid out beforehand: what every compute costs, and what the policy says of it.

Everything here is a list with one entry a compute of the run, in order.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from devsim.core.pipeline import Pipeline
from devsim.policy.protocol import Policy, Rule

Rules = list[tuple[Rule, ...]]
"""A stage's rules, by iteration."""


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
    carried_bytes: list[int]
    """Boundary tensors held while it computes, that computes before it made; and, at the end of
    the list, what the last compute leaves: nothing."""
    working_bytes: list[int]
    """Those and its activations."""
    most_working_bytes: int
    """The largest of those."""


@dataclass(frozen=True, slots=True)
class Decisions:
    """What a policy decides for each compute."""

    kept: list[bool]
    """Its chunk has stayed loaded since the iteration before: no load."""
    stays: list[bool]
    """Its chunk stays loaded after it."""
    rules: list[Rule]
    """When its load may start."""


def costs_of(pipeline: Pipeline, iterations: Sequence[int]) -> Costs:
    """The costs of a run with so many iterations of each stage."""
    most_bytes = max(c.cost.working_bytes for stage in pipeline.stages for c in stage.chunks)
    costs = Costs([0], [], [], [], [], [], [], [], [], [], most_bytes)
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
        costs.carried_bytes.extend([cost.carried_bytes for cost in chunks] * count)
        costs.working_bytes.extend([cost.working_bytes for cost in chunks] * count)
    costs.carried_bytes.append(0)
    return costs


def decisions_of(pipeline: Pipeline, policy: Policy, iterations: Sequence[int]) -> Decisions:
    """What the policy decides in a run with so many iterations of each stage."""
    sizes = [len(stage.chunks) for stage in pipeline.stages]
    rules = [
        [policy.rules(stage, iteration, sizes[stage]) for iteration in range(count)]
        for stage, count in enumerate(iterations)
    ]
    return decided_by(rules, iterations)


def decided_by(rules: Sequence[Rules], iterations: Sequence[int]) -> Decisions:
    """What a policy decides that has these rules, in the first so many iterations of each stage."""
    made = Decisions([], [], [])
    for stage, count in zip(rules, iterations, strict=True):
        goes = [False] * len(stage[0])
        kept, at = goes, 0
        while at < count:
            alike = at + 1
            while alike < count and (stage[alike] is stage[at] or stage[alike] == stage[at]):
                alike += 1
            stays = [rule.keep for rule in stage[at]]
            made.kept.extend(kept + stays * (alike - at - 1))
            made.stays.extend(stays * (alike - at))
            made.rules.extend(stage[at] * (alike - at))
            kept, at = stays, alike
        made.stays[-len(goes) :] = goes
    return made


def most(values: list[int], first: int, last: int) -> int:
    """The largest of those from the first to the last."""
    found = values[first]
    for at in range(first + 1, last + 1):
        found = max(found, values[at])
    return found
