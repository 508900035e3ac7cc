"""What becomes of one package."""

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from devsim.core.files import Frozen
from devsim.core.manifest import Block


class Made(Frozen):
    """A package that is ready, and what making it took."""

    event: Literal["made"] = "made"
    block: Block
    duration_ns: int = Field(ge=0, description="of the conversion and the check")
    peak_bytes: int = Field(ge=0, description="the most that the process held at once")


class Failed(Frozen):
    """A package that could not be made."""

    event: Literal["failed"] = "failed"
    problem: str = Field(description="one line that names the package")
    fix: str
    exit_status: int
    concerns_all: bool = Field(description="other packages would fail for the same reason")


Outcome = Made | Failed
OUTCOME: TypeAdapter[Outcome] = TypeAdapter(Annotated[Outcome, Field(discriminator="event")])
