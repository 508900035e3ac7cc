"""``devsim.replay``."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from devsim.analysis.story import tell
from devsim.api.arguments import File
from devsim.core.chrome import read_trace
from devsim.core.trace import Trace
from devsim.core.units import format_bytes, format_ns
from devsim.report.trace_json import trace_as_json

if TYPE_CHECKING:
    import pandas


@dataclass(frozen=True, repr=False)
class ReplayResult:
    """A run, told: lanes, footprint, stalls and what they waited for.

    Attributes:
        trace: the run.
    """

    trace: Trace

    def to_dict(self) -> dict[str, Any]:
        """Everything, in the units people script with."""
        return trace_as_json(self.trace)

    def to_pandas(self) -> "pandas.DataFrame":
        """Every load, compute and unload, a row each, in order of their start; needs pandas."""
        import pandas

        return pandas.DataFrame([span._asdict() for span in self.trace.spans])

    def __repr__(self) -> str:
        trace = self.trace
        stalls = ", ".join(
            f"{cause} {format_ns(ns)}" for cause, ns in tell(trace, columns=1).stalls_ns.items()
        )
        return (
            f"<{trace.origin} run of {trace.workload} under {trace.policy}: "
            f"{format_ns(trace.makespan_ns)}, peak {format_bytes(trace.peak_bytes)} of "
            f"{format_bytes(trace.budget_bytes)}>\nstalls: {stalls or 'none'}"
        )


def replay(trace: Trace | File) -> ReplayResult:
    """Tell a recorded or simulated run.

    Args:
        trace: the run, or the path of a trace that devsim wrote.

    Raises:
        BadFileError: the file is missing, truncated, or not a trace of devsim.
    """
    return ReplayResult(trace if isinstance(trace, Trace) else read_trace(Path(trace)))
