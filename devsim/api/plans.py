"""Plans and frontiers as results."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from devsim.api.arguments import File
from devsim.core.files import refuse_overwrite
from devsim.core.plan import Plan
from devsim.core.trace import Trace
from devsim.core.units import format_bytes, format_ns, seconds
from devsim.planner.ask import Ask
from devsim.planner.frontier import Point
from devsim.policy.named import policy_of
from devsim.report.plan_json import frontier_as_json, plan_as_json, sensitivity_as_json
from devsim.simulation.simulator import simulate

if TYPE_CHECKING:
    import pandas

    from devsim.planner.sensitivity import Sensitivity
    from devsim.report.picture.canvas import Canvas


@dataclass(frozen=True, repr=False)
class PlanResult:
    """A plan, and what was asked to be told beside it.

    Attributes:
        plan: the plan with its evidence.
        sensitivity: what it depends on, the most important first; None if that was not asked.
        explanation: reasons in words; empty if that was not asked.
    """

    plan: Plan
    sensitivity: "tuple[Sensitivity, ...] | None" = None
    explanation: tuple[str, ...] = ()

    @classmethod
    def of(
        cls, ask: Ask, plan: Plan, sensitivity: "list[Sensitivity] | None" = None, *, explain: bool
    ) -> Self:
        """The result for what was asked."""
        reasons: list[str] = []
        if explain:
            from devsim.planner.explain import explain as reasons_of
            from devsim.planner.variants import as_planned

            reasons = reasons_of(plan, as_planned(ask, plan).problem)
        told = None if sensitivity is None else tuple(sensitivity)
        return cls(plan, told, tuple(reasons))

    @property
    def makespan_s(self) -> float:
        """Predicted, in seconds."""
        return seconds(self.plan.prediction.makespan_ns)

    @property
    def peak_bytes(self) -> int:
        """Predicted."""
        return self.plan.prediction.peak_bytes

    @property
    def gap(self) -> float:
        """How far the makespan is above the lower bound, as a fraction of the bound."""
        return self.plan.gap

    def simulate(self) -> Trace:
        """The run that the prediction is of."""
        plan = self.plan
        return simulate(plan.pipeline, policy_of(plan), plan.budget_bytes)

    def to_dict(self) -> dict[str, Any]:
        """Everything, in the units people script with."""
        result = plan_as_json(self.plan)
        if self.sensitivity is not None:
            result["sensitivity"] = sensitivity_as_json(list(self.sensitivity))
        if self.explanation:
            result["explanation"] = list(self.explanation)
        return result

    def to_pandas(self) -> "pandas.DataFrame":
        """The plan and the named policies, a row each; needs pandas."""
        import pandas

        own = {
            "makespan_s": self.makespan_s,
            "peak_bytes": self.peak_bytes,
            "stall_s": seconds(sum(self.plan.prediction.stalls_ns.values())),
            "read_bytes": self.plan.read_bytes,
        }
        rows = {"this plan": own} | {
            name: figures or {} for name, figures in self.to_dict()["baselines"].items()
        }
        return pandas.DataFrame.from_dict(rows, orient="index")

    def write(self, path: File, *, force: bool = False) -> None:
        """Write the plan, or its picture where the name ends in .svg, .html or .png.

        Raises:
            BadInputError: the file exists and ``force`` is not given, or cannot be written.
            MissingExtraError: a PNG is asked for and Pillow is not installed.
        """
        from devsim.report.picture.write import is_picture, write_picture

        if is_picture(Path(path)):
            write_picture(self._picture(), self._title, Path(path), force=force)
        else:
            self.plan.write(Path(path), force=force)

    @property
    def _title(self) -> str:
        return f"{self.plan.pipeline.workload} on {self.plan.device}"

    def _picture(self) -> "Canvas":
        from devsim.report.plan_picture import plan_picture

        return plan_picture(self.plan)

    def _repr_html_(self) -> str:
        from devsim.report.picture.write import svg

        return svg(self._picture(), self._title)

    def __repr__(self) -> str:
        plan = self.plan
        stages = ", ".join(
            f"{stage.name}: {len(stage.chunks)} chunks, {len(residency.resident)} resident"
            for stage, residency in list(zip(plan.pipeline.stages, plan.residency, strict=True))[:8]
        )
        return (
            f"<plan for {self._title}: {format_ns(plan.prediction.makespan_ns)}, "
            f"peak {format_bytes(plan.prediction.peak_bytes)} of {format_bytes(plan.asked_bytes)}, "
            f"at most {plan.gap:.1%} above the fastest possible>\n{stages}"
        )


@dataclass(frozen=True, repr=False)
class FrontierResult:
    """Budgets, rising, each with the fastest plan found for it.

    Attributes:
        title: what was planned for.
        points: the budgets.
    """

    title: str
    points: tuple[Point, ...]

    def to_dict(self) -> dict[str, Any]:
        """Everything, in the units people script with."""
        return {"frontier": frontier_as_json(list(self.points))}

    def to_pandas(self) -> "pandas.DataFrame":
        """A row for each budget; needs pandas."""
        import pandas

        return pandas.DataFrame(self.to_dict()["frontier"])

    def write(self, path: File, *, force: bool = False) -> None:
        """Write the picture, as the name ends: .svg, .html or .png.

        Raises:
            BadInputError: the file exists and ``force`` is not given, or cannot be written; or it
                is no picture's name.
            MissingExtraError: a PNG is asked for and Pillow is not installed.
        """
        from devsim.report.picture.write import write_picture

        write_picture(self._picture(), self.title, Path(path), force=force)

    def _picture(self) -> "Canvas":
        from devsim.report.frontier_view import frontier_picture

        return frontier_picture(list(self.points), self.title)

    def _repr_html_(self) -> str:
        from devsim.report.picture.write import svg

        return svg(self._picture(), self.title)

    def __repr__(self) -> str:
        shown = "\n".join(
            f"{format_bytes(point.budget_bytes):>8}  {format_ns(point.makespan_ns)}"
            for point in self.points[:24]
        )
        return f"<frontier of {self.title}: {len(self.points)} budgets>\n{shown}"


def require_writable(path: Path, *, picture: bool, force: bool) -> None:
    """Find out before the work whether a result can be written.

    Args:
        path: where.
        picture: whether it can only be a picture.
        force: whether a file that is there may be replaced.

    Raises:
        BadInputError: the file exists and may not be replaced, or no picture ends so.
        MissingExtraError: a PNG is asked for and Pillow is not installed.
    """
    from devsim.report.picture.write import is_picture, require_picture

    refuse_overwrite(path, force=force)
    if picture or is_picture(path):
        require_picture(path)
