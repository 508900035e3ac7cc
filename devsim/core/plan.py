"""A plan: how a pipeline is cut, what stays resident, and what that is predicted to cost."""

from typing import Literal, Self

from pydantic import Field, model_validator

from devsim.core.files import Document, Frozen
from devsim.core.pipeline import Pipeline
from devsim.core.quantities import (
    ByteCount,
    Index,
    PositiveByteCount,
    Seed,
    TotalBytes,
    TotalNanoseconds,
)
from devsim.core.text_types import Digest, Label, Name, Remark


class Residency(Frozen):
    """What a policy may keep and load ahead in one stage."""

    resident: tuple[Index, ...] = Field(description="chunk numbers, rising")
    window: Index = Field(description="chunks the loader may hold ahead of the compute")


class Prediction(Frozen):
    """What a simulation says of a schedule."""

    makespan_ns: TotalNanoseconds
    peak_bytes: ByteCount
    load_busy_ns: TotalNanoseconds
    compute_busy_ns: TotalNanoseconds
    stalls_ns: dict[Label, TotalNanoseconds] = Field(description="compute lane idle, by cause")


class Figures(Frozen):
    """What a schedule comes to, without the reasons."""

    makespan_ns: TotalNanoseconds
    peak_bytes: ByteCount
    stall_ns: TotalNanoseconds = Field(description="compute lane idle")
    read_bytes: TotalBytes = Field(description="weights of all loads")


class Baseline(Frozen):
    """What a named policy costs on the same profile and budget, in that policy's cut."""

    policy: Name
    figures: Figures | None = Field(description="null when it cannot keep the budget")

    @model_validator(mode="before")
    @classmethod
    def _as_first_plans_had_it(cls, value: object) -> object:
        """Plans once held a whole prediction here, and not what was read."""
        if not isinstance(value, dict) or "prediction" not in value or "figures" in value:
            return value
        before = value["prediction"]
        if isinstance(before, dict) and isinstance(before.get("stalls_ns"), dict):
            before = {
                "makespan_ns": before.get("makespan_ns"),
                "peak_bytes": before.get("peak_bytes"),
                "stall_ns": sum(before["stalls_ns"].values()),
                "read_bytes": 0,
            }
        return {"policy": value.get("policy"), "figures": before}


class Robustness(Frozen):
    """What a plan comes to when durations are drawn, not typical."""

    percentile: int = Field(ge=1, le=100)
    makespan_ns: TotalNanoseconds = Field(description="that so many percent of the runs keep")
    median_ns: TotalNanoseconds
    runs: int = Field(ge=1, le=10**6)
    seed: Seed = Field(description="of the first run; the others follow")


def package_key(stage: str, variant: str, block: str) -> str:
    """What a plan calls a package."""
    return f"{stage}/{variant}/{block}"


class Plan(Document):
    """A plan file. It carries its chunks' costs, so it simulates and validates on its own."""

    schema_version: Literal[1]
    device: Label
    shape: Remark
    profile_digest: Digest
    packages: dict[Label, Digest] = Field(
        default={}, description="digests of the packages it runs, by STAGE/VARIANT/BLOCK"
    )
    environment: dict[Label, Remark] = Field(description="where the profile's figures were taken")
    budget_bytes: PositiveByteCount = Field(description="what a run of the plan may hold")
    offered_bytes: PositiveByteCount | None = Field(
        default=None, description="the budget asked for, where to hold less is faster"
    )
    objective: Name = Field(default="latency", description="what the plan is the best at")
    policy: Name
    pipeline: Pipeline
    residency: tuple[Residency, ...] = Field(description="one a stage")
    prediction: Prediction
    read_bytes: TotalBytes = Field(default=0, description="weights of all loads")
    robustness: Robustness | None = Field(
        default=None, description="where the plan was chosen by it"
    )
    lower_bound_ns: TotalNanoseconds
    baselines: tuple[Baseline, ...]

    @property
    def gap(self) -> float:
        """How far the predicted makespan is above the lower bound, as a fraction of the bound."""
        return self.prediction.makespan_ns / max(self.lower_bound_ns, 1) - 1

    @property
    def asked_bytes(self) -> int:
        """The budget asked for; the plan may be better off with a little less."""
        return self.offered_bytes or self.budget_bytes

    @model_validator(mode="after")
    def _residency_matches_the_stages(self) -> Self:
        if len(self.residency) != len(self.pipeline.stages):
            raise ValueError("residency needs one entry a stage")
        for residency, stage in zip(self.residency, self.pipeline.stages, strict=True):
            chunks = residency.resident
            if list(chunks) != sorted(set(chunks)) or any(c >= len(stage.chunks) for c in chunks):
                raise ValueError(f"residency of stage {stage.name} names chunks it does not have")
        return self
