"""What a chunk costs, from the profile of its blocks."""

from collections.abc import Sequence

from devsim.core.pipeline import Chunk, ChunkCost, LaneSpeeds
from devsim.core.profile import BlockProfile, Contention, Profile
from devsim.simulate.speeds import FULL_SPEED_PPM


def chunk_of(profile: Profile, blocks: Sequence[BlockProfile], variant: str) -> Chunk:
    """Consecutive blocks joined into one chunk, at median durations.

    A joined chunk pays the fixed part of a load, and the dispatch of a compute, once.
    """
    parts = [block.variants[variant] for block in blocks]
    fixed_ns, dispatch_ns = profile.load_fixed.median_ns, profile.dispatch.median_ns
    cost = ChunkCost(
        weight_bytes=sum(part.weight_bytes.bytes for part in parts),
        resident_bytes=sum(part.resident_bytes.bytes for part in parts),
        transient_bytes=sum(part.transient_bytes.bytes for part in parts),
        activation_bytes=max(part.activation_bytes.bytes for part in parts),
        cold_load_ns=_joined([part.cold_load.median_ns for part in parts], fixed_ns),
        cached_load_ns=_joined([part.cached_load.median_ns for part in parts], fixed_ns),
        unload_ns=sum(part.unload.median_ns for part in parts),
        compute_ns=_joined([part.compute.median_ns for part in parts], dispatch_ns),
    )
    return Chunk(blocks=tuple(block.name for block in blocks), cost=cost)


def lane_speeds(contention: Contention) -> LaneSpeeds:
    """Slow-down factors as speeds in parts per million."""
    return LaneSpeeds(
        load_ppm=round(FULL_SPEED_PPM / contention.load_slowdown),
        compute_ppm=round(FULL_SPEED_PPM / contention.compute_slowdown),
    )


def _joined(durations_ns: Sequence[int], once_ns: int) -> int:
    """The durations end to end, ``once_ns`` of each paid by the first alone."""
    first, *rest = durations_ns
    return first + sum(max(0, duration - once_ns) for duration in rest)
