"""A device: its limits and rates, each figure with its source and quality."""

from typing import Literal, Self

from pydantic import Field, model_validator

from devsim.core.files import Frozen
from devsim.core.quantities import LoaderCount, Rate
from devsim.core.text_types import LONGEST_NAME, Label, Remark
from devsim.core.toml_files import TomlDocument

Quality = Literal["published", "press", "one report", "secondary", "derived", "conflicting"]


class Figure(Frozen):
    """A number about a device, with where it is from and how far it may be off."""

    value: Rate
    low: Rate | None = None
    high: Rate | None = None
    quality: Quality
    source: Remark = Field(min_length=1)

    @model_validator(mode="after")
    def _value_lies_in_range(self) -> Self:
        low = self.value if self.low is None else self.low
        high = self.value if self.high is None else self.high
        if not low <= self.value <= high:
            raise ValueError("needs low <= value <= high")
        return self


class Device(TomlDocument):
    """A device file, ``profiles/devices/NAME.toml``."""

    schema_version: Literal[1]
    name: str = Field(
        pattern=r"^[a-z0-9][a-z0-9_.-]*$", max_length=LONGEST_NAME, description="as profiles say it"
    )
    title: Label
    ram_bytes: Figure
    budget_bytes: Figure = Field(description="what one app may hold")
    storage_read_bytes_per_s: Figure
    gpu_flops_per_s: Figure
    neural_engine_ops_per_s: Figure
    memory_bandwidth_bytes_per_s: Figure
    neural_engine_model_limit_bytes: Figure
    loader_threads: LoaderCount = Field(default=1, description="loads that may run at once")
