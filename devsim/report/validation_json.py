"""A validation in the units that people script with."""

import math
from typing import Any

from devsim.analysis.chunks import ChunkCompared, Distribution
from devsim.analysis.validated import SpeedUp, Validated
from devsim.analysis.validation import Compared
from devsim.core.units import seconds


def validation_json(validated: Validated) -> dict[str, Any]:
    """Seconds and bytes; errors and spreads as fractions of the measured median."""
    result = validated.figures
    durations = {
        "makespan_s": result.makespan,
        "load_busy_s": result.load_busy,
        "compute_busy_s": result.compute_busy,
    }
    named = {"makespan": result.makespan, "load_busy": result.load_busy} | {
        "compute_busy": result.compute_busy,
        "peak": result.peak,
    }
    return {
        "predicted": {
            **{name: seconds(each.predicted) for name, each in durations.items()},
            "peak_bytes": result.peak.predicted,
            "stalls": {cause: seconds(each.predicted) for cause, each in result.stalls.items()},
        },
        "measured": {
            **{name: _seconds(each) for name, each in durations.items()},
            "peak_bytes": list(result.peak.measured),
            "stalls": {cause: _seconds(each) for cause, each in result.stalls.items()},
        },
        "spread": {name: each.spread for name, each in named.items()},
        **{f"{name}_error": each.error for name, each in named.items()},
        "max_error": result.max_error,
        "budget_bytes": result.budget_bytes,
        "budget_exceeded": result.budget_exceeded,
        "outputs_match": result.outputs_match,
        "outputs_equal": validated.equal,
        "outputs_psnr_db": validated.psnr_db if math.isfinite(validated.psnr_db) else None,
        "outputs_not_finite": dict(validated.not_finite),
        "passed": result.passed,
        "chunks": [_chunk(chunk) for chunk in result.chunks],
        "explanation": {
            "most": validated.explanation.most[0],
            "error_with_measured": validated.explanation.with_measured,
            "error_with_all_measured": validated.explanation.with_all,
        },
        "baselines": {each.policy: _baseline(each) for each in validated.speed_ups},
        "environment": validated.environment,
    }


def _seconds(compared: Compared) -> list[float]:
    return [seconds(ns) for ns in compared.measured]


def _chunk(chunk: ChunkCompared) -> dict[str, Any]:
    return {
        "stage": chunk.stage,
        "chunk": chunk.name,
        "cold_load": _distribution(chunk.cold_load),
        "cached_load": _distribution(chunk.cached_load),
        "compute": _distribution(chunk.compute),
    }


def _distribution(durations: Distribution) -> dict[str, Any] | None:
    if not durations.measured:
        return None
    low, high = durations.measured_quartiles
    return {
        "predicted_s": seconds(round(durations.predicted_median)),
        "measured_s": seconds(round(durations.measured_median)),
        "quartiles_s": [seconds(round(low)), seconds(round(high))],
        "range_s": [seconds(min(durations.measured)), seconds(max(durations.measured))],
        "samples": len(durations.measured),
        "error": durations.error,
    }


def _baseline(each: SpeedUp) -> dict[str, Any] | None:
    if not each.makespans_ns:
        return None
    return {
        "makespan_s": [seconds(ns) for ns in each.makespans_ns],
        "peak_bytes": each.peak_bytes,
        "speed_up": each.speed_up,
    }
