"""A plan: how a pipeline is cut, what stays resident, and what that is predicted to cost."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from devsim.core.files import Document, Frozen
from devsim.core.pipeline import Pipeline


class Residency(Frozen):
    """What a policy may keep and load ahead in one stage."""

    resident: tuple[Annotated[int, Field(ge=0)], ...] = Field(description="chunk numbers, rising")
    window: int = Field(ge=0, description="chunks the loader may hold ahead of the compute")


class Prediction(Frozen):
    """What a simulation says of a schedule."""

    makespan_ns: int = Field(ge=0)
    peak_bytes: int = Field(ge=0)
    load_busy_ns: int = Field(ge=0)
    compute_busy_ns: int = Field(ge=0)
    stalls_ns: dict[str, int] = Field(description="compute lane idle, by cause")


class Figures(Frozen):
    """What a schedule comes to, without the reasons."""

    makespan_ns: int = Field(ge=0)
    peak_bytes: int = Field(ge=0)
    stall_ns: int = Field(ge=0, description="compute lane idle")
    read_bytes: int = Field(ge=0, description="weights of all loads")


class Baseline(Frozen):
    """What a named policy costs on the same profile and budget, in that policy's cut."""

    policy: str
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
    makespan_ns: int = Field(ge=0, description="that so many percent of the runs keep")
    median_ns: int = Field(ge=0)
    runs: int = Field(ge=1)
    seed: int = Field(ge=0, description="of the first run; the others follow")


class Plan(Document):
    """A plan file. It carries its chunks' costs, so it simulates and validates on its own."""

    schema_version: Literal[1]
    device: str
    shape: str
    profile_digest: str
    environment: dict[str, str] = Field(description="where the profile's figures were taken")
    budget_bytes: int = Field(gt=0, description="what a run of the plan may hold")
    offered_bytes: int | None = Field(
        default=None, description="the budget asked for, where to hold less is faster"
    )
    objective: str = Field(default="latency", description="what the plan is the best at")
    policy: str
    pipeline: Pipeline
    residency: tuple[Residency, ...] = Field(description="one a stage")
    prediction: Prediction
    read_bytes: int = Field(default=0, ge=0, description="weights of all loads")
    robustness: Robustness | None = Field(
        default=None, description="where the plan was chosen by it"
    )
    lower_bound_ns: int = Field(ge=0)
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
