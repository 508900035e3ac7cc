"""How fast activities go beside one another."""

from dataclasses import dataclass
from typing import Final

from devsim.core.pipeline import Pipeline

FULL_SPEED_PPM: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Speeds:
    """Speeds in parts per million, by the stage that computes; its last entry: no compute."""

    plain: bool
    """Whether nothing slows anything."""
    load_ppm: list[int]
    """Of a load that is alone with the compute, if any."""
    shared_load_ppm: list[int]
    """Of a load beside other loads."""
    compute_ppm: list[int]
    """Of a compute beside a load."""

    @classmethod
    def of(cls, pipeline: Pipeline) -> "Speeds":
        """The speeds in each stage of a pipeline."""
        each = [pipeline.speeds_beside(stage) for stage in pipeline.stages]
        load = [*(speeds.load_ppm for speeds in each), FULL_SPEED_PPM]
        beside = [*each, pipeline.contended]
        shared = [
            max(1, alone * speeds.beside_load_ppm // FULL_SPEED_PPM)
            for alone, speeds in zip(load, beside, strict=True)
        ]
        compute = [speeds.compute_ppm for speeds in each]
        slowed = (shared if pipeline.loaders > 1 else load) + compute
        return cls(min(slowed) == FULL_SPEED_PPM, load, shared, compute)
