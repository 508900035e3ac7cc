"""What a chunk costs, from the profile of its blocks."""

import statistics
from collections.abc import Callable, Sequence
from typing import NamedTuple

from devsim.core.pipeline import Chunk, ChunkCost, LaneSpeeds
from devsim.core.profile import BoundaryTensor, Contention, Profile, Samples, StageProfile
from devsim.simulation.speeds import FULL_SPEED_PPM


def median_ns(samples: Samples) -> int:
    """The median, rounded to a nanosecond."""
    return samples.median_ns


def mean_ns(samples: Samples) -> int:
    """The mean, rounded to a nanosecond.

    What a run takes is a sum of many durations, and the mean of a sum is the sum of the means;
    medians leave out what hiccups cost.
    """
    return round(statistics.mean(samples.ns))


def chunk_of(
    profile: Profile,
    stage: StageProfile,
    bounds: tuple[int, int],
    variant: str,
    default: str = "",
    typical: Callable[[Samples], int] = mean_ns,
) -> Chunk:
    """Consecutive blocks joined into one chunk.

    A joined chunk pays the fixed part of a load, and the dispatch of a compute, once.

    Args:
        profile: gives those.
        stage: whose blocks they are.
        bounds: the number of the first block, and of the one that the chunk ends before.
        variant: which package of each block.
        default: the variant of blocks that have no other.
        typical: one duration for the samples of an activity, in nanoseconds.
    """
    start, end = bounds
    blocks = stage.blocks[start:end]
    own = [variant if variant in block.variants else default for block in blocks]
    parts = [block.variants[name] for block, name in zip(blocks, own, strict=True)]
    fixed_ns, dispatch_ns = typical(profile.load_fixed), typical(profile.dispatch)
    held = held_by(stage.tensors, start, [part.activation_bytes.bytes for part in parts])
    cost = ChunkCost(
        weight_bytes=sum(part.weight_bytes.bytes for part in parts),
        resident_bytes=sum(part.resident_bytes.bytes for part in parts),
        transient_bytes=sum(part.transient_bytes.bytes for part in parts),
        activation_bytes=held.activation_bytes,
        carried_bytes=held.carried_bytes,
        cold_load_ns=joined_ns([typical(part.cold_load) for part in parts], fixed_ns),
        cached_load_ns=joined_ns([typical(part.cached_load) for part in parts], fixed_ns),
        unload_ns=sum(typical(part.unload) for part in parts),
        compute_ns=joined_ns([typical(part.compute) for part in parts], dispatch_ns),
    )
    return Chunk(
        blocks=tuple(block.name for block in blocks),
        cost=cost,
        variant="" if variant in own else default,
    )


class Held(NamedTuple):
    """What a chunk's compute holds besides the chunks themselves."""

    carried_bytes: int
    """Tensors that blocks before it have made and it or later ones take."""
    activation_bytes: int
    """The most on top of that."""


def held_by(tensors: Sequence[BoundaryTensor], start: int, activations: Sequence[int]) -> Held:
    """What a chunk holds whose blocks need these activations one by one, from block ``start`` on.

    What the chunk is given stays until it has computed, as the inputs of its package do; what its
    own blocks make for each other goes after the last that takes it. A block's activations have
    in them what it makes.
    """
    end = start + len(activations)
    near = [each for each in tensors if each.made_by < end and each.taken_until >= start]
    carried = sum([each.bytes for each in near if each.made_by < start])
    own = [each for each in near if each.made_by >= start]
    most = 0
    for at, activation in enumerate(activations, start):
        inner = sum([each.bytes for each in own if each.made_by < at <= each.taken_until])
        made = sum([each.bytes for each in own if each.made_by == at])
        most = max(most, inner + max(activation, made))
    return Held(carried, most)


def lane_speeds(contention: Contention) -> LaneSpeeds:
    """Slow-down factors as speeds in parts per million."""
    return LaneSpeeds(
        load_ppm=round(FULL_SPEED_PPM / contention.load_slowdown),
        compute_ppm=round(FULL_SPEED_PPM / contention.compute_slowdown),
        beside_load_ppm=round(FULL_SPEED_PPM / contention.load_beside_load),
    )


def joined_ns(durations_ns: Sequence[int], once_ns: int) -> int:
    """The durations of a chunk's packages together, ``once_ns`` paid by the first alone."""
    first, *rest = durations_ns
    return first + sum(max(0, duration - once_ns) for duration in rest)
