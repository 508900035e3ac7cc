"""Two traces of the same stages: the whole runs, and each chunk's loads and computes."""

from collections.abc import Mapping
from typing import NamedTuple

from devsim.analysis.comparison.change import Change, Sampled, Unit
from devsim.analysis.comparison.comparison import Comparison, settings_of
from devsim.analysis.comparison.run import run_figures
from devsim.analysis.comparison.same import require_same_stages, require_same_workload
from devsim.core.errors import BadInputError
from devsim.core.trace import Kind, Trace
from devsim.simulation.predict import StageTotals, by_stage, summarise


def compare_traces(before: Trace, after: Trace) -> Comparison:
    """Both runs, simulated or measured; a chunk's iterations are its samples.

    Raises:
        BadInputError: they are of other workloads or stages, or one is not of a whole run.
    """
    for side, trace in (("BEFORE", before), ("AFTER", after)):
        if trace.environment.get("ended") == "early":
            raise BadInputError(f"{side} is of a run that ended early", "compare two whole runs")
    require_same_workload(before.workload, after.workload)
    old, new = by_stage(before), by_stage(after)
    require_same_stages(list(old), list(new))
    return Comparison(
        kind="trace",
        workload=before.workload,
        settings=settings_of(_settings(before, old), _settings(after, new)),
        choices=(),
        totals=(
            *run_figures(summarise(before), summarise(after)),
            *(_time_of(stage, old[stage], new[stage]) for stage in old),
        ),
        parts=tuple(_chunks(before, after)),
    )


def _settings(trace: Trace, stages: Mapping[str, StageTotals]) -> dict[str, str]:
    return {
        "origin": trace.origin,
        "policy": trace.policy,
        "budget": f"{trace.budget_bytes:,} B",
        **{f"iterations of {name}": str(stage.iterations) for name, stage in stages.items()},
        **trace.environment,
    }


def _time_of(stage: str, before: StageTotals, after: StageTotals) -> Change:
    old, new = Sampled.of((before.duration_ns,)), Sampled.of((after.duration_ns,))
    return Change("time", Unit.NS, old, new, stage)


class _Activity(NamedTuple):
    stage: str
    chunk: str
    figure: str


_FIGURES = ("cold load", "cached load", "compute")


def _chunks(before: Trace, after: Trace) -> list[Change]:
    """Chunks in the order that they are first loaded or computed in, which is that of computes."""
    old, new = _durations(before), _durations(after)
    chunks = dict.fromkeys((each.stage, each.chunk) for each in (*old, *new))
    every = [_Activity(*chunk, figure) for chunk in chunks for figure in _FIGURES]
    return [
        Change(
            figure=each.figure,
            unit=Unit.NS,
            before=Sampled.of(old.get(each, ())),
            after=Sampled.of(new.get(each, ())),
            stage=each.stage,
            part=each.chunk,
        )
        for each in every
        if each in old or each in new
    ]


def _durations(trace: Trace) -> dict[_Activity, list[int]]:
    durations: dict[_Activity, list[int]] = {}
    for span in trace.spans:
        if span.kind is not Kind.UNLOAD:
            load = "cold load" if span.cold else "cached load"
            figure = load if span.kind is Kind.LOAD else "compute"
            activity = _Activity(span.stage, span.name, figure)
            durations.setdefault(activity, []).append(span.duration_ns)
    return durations
