"""STDiT3, the denoiser of Open-Sora 1.2, in torch."""

from devsim.workloads.stdit3.blocks import stdit_stage
from devsim.workloads.stdit3.model import (
    Part1,
    Part2,
    SpatialTemporalPair,
    STDiT3,
    STDiT3Config,
)

__all__ = [
    "Part1",
    "Part2",
    "STDiT3",
    "STDiT3Config",
    "SpatialTemporalPair",
    "stdit_stage",
]
