"""What a chunk costs, from the profile of its blocks."""

import statistics
from collections.abc import Callable, Sequence

from devsim.core.pipeline import Chunk, ChunkCost, LaneSpeeds
from devsim.core.profile import BlockProfile, Contention, Profile, Samples
from devsim.simulate.speeds import FULL_SPEED_PPM


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
    blocks: Sequence[BlockProfile],
    variant: str,
    default: str = "",
    typical: Callable[[Samples], int] = mean_ns,
) -> Chunk:
    """Consecutive blocks joined into one chunk.

    A joined chunk pays the fixed part of a load, and the dispatch of a compute, once.

    Args:
        profile: gives those.
        blocks: of one stage.
        variant: which package of each block.
        default: the variant of blocks that have no other.
        typical: one duration for the samples of an activity, in nanoseconds.
    """
    own = [variant if variant in block.variants else default for block in blocks]
    parts = [block.variants[name] for block, name in zip(blocks, own, strict=True)]
    fixed_ns, dispatch_ns = typical(profile.load_fixed), typical(profile.dispatch)
    cost = ChunkCost(
        weight_bytes=sum(part.weight_bytes.bytes for part in parts),
        resident_bytes=sum(part.resident_bytes.bytes for part in parts),
        transient_bytes=sum(part.transient_bytes.bytes for part in parts),
        activation_bytes=max(part.activation_bytes.bytes for part in parts),
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
