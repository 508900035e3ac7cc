"""What a run tells while it goes on, so that a run that ends early is known up to its end."""

from typing import Literal

from pydantic import Field

from devsim.core.chrome import SpanArgs
from devsim.core.files import Frozen
from devsim.core.trace import Kind


class Started(Frozen):
    """The run begins; every time of it counts from ``started_ns`` (time.monotonic_ns)."""

    event: Literal["started"] = "started"
    started_ns: int
    footprint_bytes: int
    environment: dict[str, str]


class Begun(Frozen):
    """An activity has been admitted by the ledger."""

    event: Literal["begun"] = "begun"
    kind: Kind
    position: int
    stage: str
    iteration: int
    name: str
    time_ns: int
    chunk_bytes: int = Field(description="what the chunk holds while it is loaded")
    ledger_bytes: int = Field(description="what the run holds from now on, by the ledger")


class Ended(Frozen):
    """An activity has ended."""

    event: Literal["ended"] = "ended"
    span: SpanArgs


class BudgetShrunk(Frozen):
    """The budget is smaller from now on; the residents that were dropped for it."""

    event: Literal["shrunk"] = "shrunk"
    time_ns: int
    budget_bytes: int
    dropped: tuple[str, ...]


RunEvent = Started | Begun | Ended | BudgetShrunk
