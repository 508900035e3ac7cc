"""A device: its limits and rates, each figure with its source and quality."""

import tomllib
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, ValidationError, model_validator

from devsim.core.errors import BadFileError
from devsim.core.files import Document, Frozen, bad_document, read_bytes

Quality = Literal["published", "press", "one report", "secondary", "derived", "conflicting"]


class Figure(Frozen):
    """A number about a device, with where it is from and how far it may be off."""

    value: float = Field(gt=0)
    low: float | None = Field(default=None, gt=0)
    high: float | None = Field(default=None, gt=0)
    quality: Quality
    source: str = Field(min_length=1)

    @model_validator(mode="after")
    def _value_lies_in_range(self) -> Self:
        low = self.value if self.low is None else self.low
        high = self.value if self.high is None else self.high
        if not low <= self.value <= high:
            raise ValueError("needs low <= value <= high")
        return self


class Device(Document):
    """A device file, ``profiles/devices/NAME.toml``."""

    schema_version: Literal[1]
    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_.-]*$", description="as profiles say it")
    title: str
    ram_bytes: Figure
    budget_bytes: Figure = Field(description="what one app may hold")
    storage_read_bytes_per_s: Figure
    gpu_flops_per_s: Figure
    neural_engine_ops_per_s: Figure
    memory_bandwidth_bytes_per_s: Figure
    neural_engine_model_limit_bytes: Figure
    loader_threads: int = Field(default=1, ge=1, description="loads that may run at once")

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read and check a device file.

        Raises:
            BadFileError: the file is missing, not TOML, or breaks the schema; names the field.
        """
        try:
            return cls.model_validate(tomllib.loads(read_bytes(path).decode()))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise BadFileError(path, f"is not TOML ({error})", "mend the device file") from error
        except ValidationError as error:
            raise bad_document(path, "device", error) from error
