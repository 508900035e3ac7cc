"""The two ways a comparison is told: terminal and JSON."""

import io
import json
from fractions import Fraction

import pytest
from jsonschema import Draft202012Validator
from samples import COMPARISON

from devsim.report.comparison_json import comparison_json
from devsim.report.comparison_view import answer, show_comparison
from devsim.report.console import SafeConsole

FIVE = Fraction(5, 100)


def shown(compared, threshold=FIVE):
    console = SafeConsole(file=io.StringIO(), width=80)
    show_comparison(compared, threshold, console)
    return [line.rstrip() for line in console.file.getvalue().splitlines()]


def rows(lines, start):
    return [line.split() for line in lines if line.startswith(start)]


def test_the_terminal_shows_what_differs_and_fits_80_columns():
    lines = shown(COMPARISON)
    assert max(map(len, lines)) <= 80
    assert rows(lines, "makespan") == [["makespan", "2.00", "s", "2.20", "s", "+10.0%", "worse"]]
    assert rows(lines, "peak") == [["peak", "3.30", "GB", "3.30", "GB", "="]]
    assert rows(lines, "stalls") == [["stalls:", "load", "0", "ns", "7.00", "ms", "new", "worse"]]
    assert rows(lines, "stage st_0") == [
        ["stage", "st_00", "fp32", "compute", "110", "ns", "160", "ns", "+45.5%", "worse"],
        ["stage", "st_01", "fp32", "compute", "200", "ns", "100", "ns", "-50.0%", "better"],
    ]
    assert "other figures of blocks: 1 within 5%, 1 noise (~), 1 only after" in lines
    assert rows(lines, "stdit window") == [["stdit", "window", "1", "2"]]
    (residents,) = rows(lines, "stdit residents")
    assert residents[2:6] == ["none", "40:", "[b]0,", "[b]1,"]
    assert rows(lines, "only one side") == [["only", "one", "side", "says", "its", "cores"]]
    assert not rows(lines, "system")
    assert not rows(lines, "stdit variant")


def test_the_last_line_says_what_got_worse_most():
    assert shown(COMPARISON)[-1] == (
        "worse by more than 5%: stage st_00 fp32 compute (+45.5%), and 1 more"
    )
    assert shown(COMPARISON, Fraction(1, 5))[-1].endswith("20%: stage st_00 fp32 compute (+45.5%)")
    assert shown(COMPARISON, Fraction(1, 2))[-1] == "nothing that matters is worse by more than 50%"
    assert answer(COMPARISON, Fraction(7, 100)).startswith("worse by more than 7%: ")


SIDE = {
    "type": ["object", "null"],
    "properties": {
        "median": {"type": "number", "minimum": 0},
        "low": {"type": "number", "minimum": 0},
        "high": {"type": "number", "minimum": 0},
        "samples": {"type": "integer", "minimum": 1},
    },
    "required": ["median", "low", "high", "samples"],
    "additionalProperties": False,
}
VERDICTS = ["better", "worse", "unchanged", "noise", "only before", "only after"]
CHANGES = {
    "type": "array",
    "items": {
        "type": "object",
        "properties": {
            "stage": {"type": "string"},
            "part": {"type": "string"},
            "figure": {"type": "string"},
            "unit": {"enum": ["s", "bytes"]},
            "before": SIDE,
            "after": SIDE,
            "ratio": {"type": ["number", "null"], "minimum": 0},
            "verdict": {"enum": VERDICTS},
            "matters": {"type": "boolean"},
        },
        "minProperties": 9,
        "additionalProperties": False,
    },
}
CHOICE = {
    "type": "object",
    "properties": {
        "stage": {"type": "string"},
        "choice": {"enum": ["variant", "chunks", "residents", "window"]},
        "before": {"type": "array", "items": {"type": "string"}},
        "after": {"type": "array", "items": {"type": "string"}},
        "same": {"type": "boolean"},
    },
    "minProperties": 5,
    "additionalProperties": False,
}
SETTING = {
    "type": "object",
    "properties": {
        "before": {"type": "string"},
        "after": {"type": "string"},
        "same": {"type": "boolean"},
    },
    "minProperties": 3,
    "additionalProperties": False,
}
SCHEMA = Draft202012Validator(
    {
        "type": "object",
        "properties": {
            "kind": {"enum": ["profile", "plan", "trace"]},
            "workload": {"type": "string"},
            "threshold": {"type": "number", "minimum": 0},
            "regressed": {"type": "boolean"},
            "regressions": {"type": "array", "items": {"type": "string"}},
            "settings": {"type": "object", "additionalProperties": SETTING},
            "choices": {"type": "array", "items": CHOICE},
            "totals": CHANGES,
            "parts": CHANGES,
        },
        "minProperties": 9,
        "additionalProperties": False,
    }
)


@pytest.mark.parametrize("threshold", [Fraction(0), FIVE, Fraction(1, 2)])
def test_json_keeps_its_schema_and_is_finite(threshold):
    told = json.loads(json.dumps(comparison_json(COMPARISON, threshold), allow_nan=False))
    SCHEMA.validate(told)
    assert len(told["parts"]) == len(COMPARISON.parts)
    assert told["regressed"] == (threshold < Fraction(1, 2))


def test_json_is_in_seconds_and_bytes():
    told = comparison_json(COMPARISON, FIVE)
    assert told["threshold"] == 0.05
    assert told["regressions"] == ["makespan", "stage st_00 fp32 compute"]
    makespan, peak, stalls = told["totals"]
    assert (makespan["before"]["median"], makespan["after"]["median"]) == (2.0, 2.2)
    assert makespan["ratio"] == 1.1
    assert peak["before"] == {
        "median": 3_300_000_000, "low": 3_300_000_000, "high": 3_300_000_000, "samples": 1,
    }  # fmt: skip
    assert stalls["ratio"] is None
    assert told["parts"][0]["after"] == {
        "median": 1.6e-07, "low": 1.5e-07, "high": 1.7e-07, "samples": 3,
    }  # fmt: skip
    assert told["parts"][4]["before"] is None
