"""A file of observed totals (TOML): runs, the figures that are known of each, and ranges."""

import tomllib
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, ValidationError, model_validator

from devsim.calibrate.parameters import Range
from devsim.core.errors import BadFileError
from devsim.core.files import Document, Frozen, bad_document, read_bytes

Quantity = Literal["first_iteration", "later_iteration", "mean_iteration", "whole"]


class Observed(Frozen):
    """One figure of a run."""

    name: str = Field(min_length=1)
    quantity: Quantity = Field(description="of the whole run, or an iteration of its last stage")
    seconds: float = Field(gt=0)
    spread: float = Field(gt=0, le=1, description="its standard deviation as a fraction")
    source: str = Field(min_length=1)


class ObservedRun(Frozen):
    """One run of one or more stages, and what is known of it."""

    stages: tuple[str, ...] = Field(min_length=1)
    variant: str | None = Field(default=None, description="of its blocks; null: the default")
    policy: str = "serial"
    ci: bool = Field(default=True, description="on-device-sora's concurrent inference")
    dl: bool = Field(default=True, description="on-device-sora's dynamic loading")
    iterations: int | None = Field(default=None, ge=1, description="of each; null: the profile's")
    group: str = Field(description="runs of one group were at the same resolution")
    figures: tuple[Observed, ...] = Field(min_length=1)


class Totals(Document):
    """A file of observed totals."""

    schema_version: Literal[1]
    title: str
    budget_bytes: int = Field(gt=0)
    frames: str = "68"
    resolutions: dict[str, tuple[str, ...]] = Field(
        default={}, description="by group, what it may have been; the likeliest is found"
    )
    parameters: dict[str, Range] = Field(default={}, description="plausible ranges by name")
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

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read and check a file of totals.

        Raises:
            BadFileError: the file is missing, not TOML, or breaks the schema; names the field.
        """
        try:
            return cls.model_validate(tomllib.loads(read_bytes(path).decode()))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise BadFileError(path, f"is not TOML ({error})", "mend the file") from error
        except ValidationError as error:
            raise bad_document(path, "file of totals", error) from error
