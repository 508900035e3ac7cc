"""A calibration in the units people script with."""

from devsim.calibration.calibration import Calibration
from devsim.calibration.from_trace import TraceCalibration


def calibration_as_json(found: Calibration) -> dict[str, object]:
    """A calibration in the units people script with; lists keep the order of the report."""
    return {
        "parameters": {
            each.parameter.name: {
                "value": each.value,
                "low": each.low,
                "high": each.high,
                "plausible": [each.parameter.range.low, each.parameter.range.high],
                "source": each.parameter.range.source,
                "meaning": each.parameter.meaning,
            }
            for each in found.estimates
        },
        "observations": [
            {
                "name": check.name,
                "observed_s": check.observed_s,
                "predicted_s": check.predicted_s,
                "error": check.error,
                "consistent": check.kept,
                "contradicts": list(check.contradicts),
                "source": check.source,
            }
            for check in found.checks
        ],
        "median_error": found.median_error,
        "determined": found.determined,
        "cannot_tell_apart": list(found.left_open),
        "resolutions": found.resolutions,
        "alternatives": [
            {"resolutions": sizes, "cost_above_best": cost} for sizes, cost in found.alternatives
        ],
    }


def trace_calibration_as_json(found: TraceCalibration) -> dict[str, object]:
    """What a trace changed."""
    return {
        "changes": {
            change.name: {
                "before": change.before,
                "after": change.after if change.certain else change.before,
                "fitted": change.after,
                "low": change.low,
                "high": change.high,
                "changed": change.certain,
            }
            for change in found.changes
        },
        "spans": found.spans,
        "hiccups": found.hiccups,
        "median_error_before": found.error_before,
        "median_error_after": found.error_after,
        "cannot_tell_apart": list(found.left_open),
    }
