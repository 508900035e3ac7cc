"""Two files of one kind, which is found by what is in them."""

import json
from pathlib import Path

from devsim.analysis.comparison.comparison import Comparison, FileKind
from devsim.analysis.comparison.plans import compare_plans
from devsim.analysis.comparison.profiles import compare_profiles
from devsim.analysis.comparison.traces import compare_traces
from devsim.core.chrome import read_trace
from devsim.core.errors import BadFileError, BadInputError
from devsim.core.plan import Plan
from devsim.core.profile import Profile
from devsim.core.regular_files import TRACE_BYTES, read_regular

_TELLING: dict[str, FileKind] = {
    "traceEvents": "trace",
    "pipeline": "plan",
    "load_fixed": "profile",
}
"""A field that only one kind of file has."""


def compare_files(before: Path, after: Path) -> Comparison:
    """Compare two profiles, two plans or two traces.

    Raises:
        BadFileError: one is missing, broken, or none of these.
        BadInputError: they are of two kinds, workloads or blocks.
    """
    kind, other = _kind_of(before), _kind_of(after)
    if kind != other:
        raise BadInputError(f"{before} is a {kind}, {after} a {other}", "compare two of one kind")
    if kind == "profile":
        return compare_profiles(Profile.read(before), Profile.read(after))
    if kind == "plan":
        return compare_plans(Plan.read(before), Plan.read(after))
    return compare_traces(read_trace(before), read_trace(after))


def _kind_of(path: Path) -> FileKind:
    try:
        data = json.loads(read_regular(path, TRACE_BYTES))
    except (ValueError, RecursionError) as error:
        raise BadFileError(path, f"is not whole JSON ({error})", "make the file again") from error
    fields = data if isinstance(data, dict) else {}
    for field, kind in _TELLING.items():
        if field in fields:
            return kind
    raise BadFileError(
        path, "is neither a profile, a plan nor a trace", "name one that devsim wrote"
    )
