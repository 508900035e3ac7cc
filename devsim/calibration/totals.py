"""A file of observed totals (TOML): runs, the figures that are known of each, and ranges."""

from typing import Literal, Self

from pydantic import Field, model_validator

from devsim.calibration.parameters import Range
from devsim.core.files import Frozen
from devsim.core.quantities import IterationCount, PositiveByteCount, Seconds
from devsim.core.text_types import Label, Name, Remark
from devsim.core.toml_files import TomlDocument

Quantity = Literal["first_iteration", "later_iteration", "mean_iteration", "whole"]


class Observed(Frozen):
    """One figure of a run."""

    name: Label = Field(min_length=1)
    quantity: Quantity = Field(description="of the whole run, or an iteration of its last stage")
    seconds: Seconds
    spread: float = Field(
        strict=True, gt=1e-6, le=1, description="its standard deviation as a fraction"
    )
    source: Remark = Field(min_length=1)


class ObservedRun(Frozen):
    """One run of one or more stages, and what is known of it."""

    stages: tuple[Name, ...] = Field(min_length=1)
    variant: Name | None = Field(default=None, description="of its blocks; null: the default")
    policy: Name = "serial"
    ci: bool = Field(default=True, description="on-device-sora's concurrent inference")
    dl: bool = Field(default=True, description="on-device-sora's dynamic loading")
    iterations: IterationCount | None = Field(
        default=None, description="of each; null: the profile's"
    )
    group: Label = Field(description="runs of one group were at the same resolution")
    figures: tuple[Observed, ...] = Field(min_length=1)


class Totals(TomlDocument):
    """A file of observed totals."""

    schema_version: Literal[1]
    title: Remark
    budget_bytes: PositiveByteCount
    frames: Name = "68"
    resolutions: dict[Label, tuple[Label, ...]] = Field(
        default={}, description="by group, what it may have been; the likeliest is found"
    )
    parameters: dict[Label, Range] = Field(default={}, description="plausible ranges by name")
    runs: tuple[ObservedRun, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _figures_have_names_of_their_own(self) -> Self:
        names = [figure.name for run in self.runs for figure in run.figures]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"two figures are called '{twice[0]}'")
        return self

    @model_validator(mode="after")
    def _every_group_may_have_a_resolution(self) -> Self:
        empty = sorted(group for group, sizes in self.resolutions.items() if not sizes)
        if empty:
            raise ValueError(f"group '{empty[0]}' has no resolution to choose from")
        unknown = sorted(set(self.resolutions) - {run.group for run in self.runs})
        if unknown:
            raise ValueError(f"resolutions names group '{unknown[0]}', which no run is in")
        return self
