"""What is known of a run so far: its trace up to now, what it is doing, and what it holds."""

from devsim.core.plan import Plan
from devsim.core.trace import Footprint, Kind, Span, Trace
from devsim.core.units import format_bytes
from devsim.execute.events import Begun, BudgetShrunk, Ended, RunEvent, Started

_LARGEST = 3
_DOING = {Kind.LOAD: "loading", Kind.COMPUTE: "computing", Kind.UNLOAD: "unloading"}


class Recording:
    """Takes a run's events and footprint samples as they come.

    Args:
        plan: what is run.
    """

    def __init__(self, plan: Plan) -> None:
        self.samples: list[Footprint] = []
        """Of the process's whole life; times are time.monotonic_ns."""
        self.shrunk: list[BudgetShrunk] = []
        """Every time that the budget shrank."""
        self._plan = plan
        self._started: Started | None = None
        self._spans: list[Span] = []
        self._open: dict[tuple[Kind, int], Begun] = {}
        self._held: dict[str, int] = {}

    @property
    def started(self) -> bool:
        """Whether the run itself has begun; before, its process gets ready."""
        return self._started is not None

    def note(self, event: RunEvent) -> None:
        """Take an event into account."""
        if isinstance(event, Started):
            self._started = event
        elif isinstance(event, Begun):
            self._open[event.kind, event.position] = event
            if event.kind is Kind.LOAD:
                self._held[_named(event)] = event.chunk_bytes
        elif isinstance(event, Ended):
            begun = self._open.pop((event.span.kind, event.span.position))
            self._spans.append(event.span.span())
            if begun.kind is Kind.UNLOAD:
                self._held.pop(_named(begun), None)
        else:
            self._note_shrunk(event)

    def doing(self) -> str:
        """What was going on last, in words."""
        if not self._open:
            return "between activities" if self.started else "getting ready"
        return " and ".join(
            f"{_DOING[begun.kind]} {_named(begun)} (iteration {begun.iteration})"
            for begun in self._open.values()
        )

    def holding(self) -> str:
        """Whose bytes the run held last, by its ledger, the largest first, in words."""
        largest = sorted(self._held.items(), key=lambda item: -item[1])[:_LARGEST]
        shown = [f"{name} {format_bytes(size)}" for name, size in largest]
        rest = len(self._held) - len(shown)
        base = f"{format_bytes(self._plan.pipeline.base_bytes)} of process and tensors"
        return ", ".join([base, *shown, *([f"{rest} more chunks"] if rest > 0 else [])])

    def trace(self, **facts: str) -> Trace:
        """The trace up to now; facts are added to its environment."""
        started = self._started
        return Trace(
            origin="measured",
            workload=self._plan.pipeline.workload,
            policy=self._plan.policy,
            budget_bytes=self._plan.budget_bytes,
            spans=tuple(sorted(self._spans, key=lambda span: span.start_ns)),
            footprint=self._footprint(started) if started else (),
            environment={**(started.environment if started else {}), **facts},
        )

    def _footprint(self, started: Started) -> tuple[Footprint, ...]:
        """Since the start, which is time 0."""
        start_ns = started.started_ns
        after = (
            Footprint(sample.time_ns - start_ns, sample.bytes)
            for sample in self.samples
            if sample.time_ns > start_ns
        )
        return (Footprint(0, started.footprint_bytes), *after)

    def _note_shrunk(self, event: BudgetShrunk) -> None:
        self.shrunk.append(event)
        for name in event.dropped:
            self._held.pop(name, None)


def _named(begun: Begun) -> str:
    return f"{begun.stage} {begun.name}"
