"""A comparison in the units that people script with."""

from collections.abc import Callable
from fractions import Fraction
from typing import Any

from devsim.analysis.comparison.change import Change, Sampled, Unit
from devsim.analysis.comparison.comparison import Comparison
from devsim.core.units import seconds


def comparison_json(compared: Comparison, threshold: Fraction) -> dict[str, Any]:
    """Every figure, changed or not, in seconds and bytes; see docs/comparing.md."""
    regressions = compared.regressions(threshold)
    return {
        "kind": compared.kind,
        "workload": compared.workload,
        "threshold": float(threshold),
        "regressed": bool(regressions),
        "regressions": [change.name for change in regressions],
        "settings": {
            each.name: {"before": each.before, "after": each.after, "same": each.same}
            for each in compared.settings
        },
        "choices": [
            {
                "stage": each.stage,
                "choice": each.name,
                "before": list(each.before),
                "after": list(each.after),
                "same": each.same,
            }
            for each in compared.choices
        ],
        "totals": [_change(change, threshold) for change in compared.totals],
        "parts": [_change(change, threshold) for change in compared.parts],
    }


def _change(change: Change, threshold: Fraction) -> dict[str, Any]:
    return {
        "stage": change.stage,
        "part": change.part,
        "figure": change.figure,
        "unit": "s" if change.unit is Unit.NS else "bytes",
        "before": _sampled(change.before, change.unit),
        "after": _sampled(change.after, change.unit),
        "ratio": change.ratio,
        "verdict": change.verdict(threshold).value,
        "matters": change.matters,
    }


def _sampled(found: Sampled | None, unit: Unit) -> dict[str, Any] | None:
    if found is None:
        return None
    shown: Callable[[int], float | int] = seconds if unit is Unit.NS else int
    return {
        "median": shown(round(found.median)),
        "low": shown(found.low),
        "high": shown(found.high),
        "samples": found.count,
    }
