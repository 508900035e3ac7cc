"""The figures of a whole run, predicted or recorded."""

from devsim.analysis.comparison.change import Change, Unit, single
from devsim.core.plan import Prediction


def run_figures(before: Prediction, after: Prediction) -> list[Change]:
    """Makespan and peak, which matter; each lane's busy time, and the stalls by cause."""
    stalls = dict.fromkeys((*before.stalls_ns, *after.stalls_ns))
    return [
        single("makespan", before.makespan_ns, after.makespan_ns, matters=True),
        single("peak", before.peak_bytes, after.peak_bytes, Unit.BYTES, matters=True),
        single("load busy", before.load_busy_ns, after.load_busy_ns),
        single("compute busy", before.compute_busy_ns, after.compute_busy_ns),
        *(
            single(
                f"stalls: {cause}", before.stalls_ns.get(cause, 0), after.stalls_ns.get(cause, 0)
            )
            for cause in stalls
        ),
    ]
