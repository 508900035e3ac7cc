"""Packages measured alone, as observations of a device's parameters."""

import math
import statistics
from collections.abc import Iterator, Mapping
from typing import Literal, NamedTuple

from devsim.calibration.device_model import costs_of
from devsim.calibration.parameters import COLD_RATE, DISPATCH, LOAD_FIXED, LOAD_RATE
from devsim.core.profile import Profile, Samples, Variant
from devsim.core.scaling import work_speed_name
from devsim.core.units import seconds

_MODEL_SPREAD = 0.05
"""How far a package is expected to be from a formula in a few parameters, beside its own noise."""


Activity = Literal["cold_load", "cached_load", "compute"]


class PackageFigure(NamedTuple):
    """A measured duration of one package."""

    name: str
    what: Activity
    variant: Variant
    seconds: float
    spread: float

    @property
    def depends_on(self) -> tuple[str, ...]:
        """Names of the parameters that explain it."""
        if self.what == "compute":
            kinds = (work.kind for work in self.variant.work if work.kind != "traffic")
            return DISPATCH, *(work_speed_name(self.variant.unit, kind) for kind in kinds)
        load = LOAD_FIXED, LOAD_RATE
        return (*load, COLD_RATE) if self.what == "cold_load" else load

    def predict(self, values: Mapping[str, float]) -> float:
        """Seconds, for given parameters."""
        speeds = (work_speed_name(self.variant.unit, work.kind) for work in self.variant.work)
        nothing = dict.fromkeys((LOAD_FIXED, DISPATCH), 0.0)
        instant = dict.fromkeys((LOAD_RATE, COLD_RATE, *speeds), math.inf)
        costs = costs_of(self.variant, {**nothing, **instant, **values})
        by_name = {
            "cold_load": costs.cold_load_s,
            "cached_load": costs.cached_load_s,
            "compute": costs.compute_s,
        }
        return by_name[self.what]


def measured_figures(profile: Profile) -> Iterator[PackageFigure]:
    """Every measured load and compute of packages whose work is known."""
    measured = {key for key, source in profile.sources.items() if source.provenance == "measured"}
    for stage in profile.stages:
        for block in stage.blocks:
            for name, variant in block.variants.items():
                label = f"{profile.shape}: {stage.name} {block.name} {name}"
                if not variant.work:
                    continue
                taken: dict[Activity, Samples] = {
                    "cold_load": variant.cold_load,
                    "cached_load": variant.cached_load,
                    "compute": variant.compute,
                }
                for what, samples in taken.items():
                    if samples.source in measured and samples.median_ns > 0:
                        yield _figure(f"{label} {what}", what, variant, samples)


def _figure(name: str, what: Activity, variant: Variant, samples: Samples) -> PackageFigure:
    noise = statistics.pstdev(samples.ns) / statistics.fmean(samples.ns)
    return PackageFigure(
        name=name,
        what=what,
        variant=variant,
        seconds=seconds(samples.median_ns),
        spread=math.hypot(_MODEL_SPREAD, noise),
    )
