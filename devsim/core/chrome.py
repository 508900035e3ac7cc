"""Traces as Chrome Trace Event files, which Perfetto and chrome://tracing open as they are.

Format: "Trace Event Format", the Chromium project's document. Timestamps there are microseconds;
exact nanoseconds are kept in each event's ``args``.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, TypeAdapter, ValidationError

from devsim.core.errors import BadFileError
from devsim.core.files import Frozen, bad_document, read_bytes, write_atomically
from devsim.core.trace import Footprint, Kind, Span, Trace

_PID = 1
_LANES = {Kind.COMPUTE: 1, Kind.LOAD: 2}


class TraceMetadata(Frozen):
    """devsim's facts of a run, under ``metadata.devsim`` of the trace file."""

    schema_version: Literal[1]
    origin: Literal["simulated", "measured"]
    workload: str
    policy: str
    budget_bytes: int = Field(gt=0)
    environment: dict[str, str]


class SpanArgs(Frozen):
    """devsim's facts of an activity, under an event's ``args``."""

    kind: Kind
    position: int = Field(ge=0)
    stage: str
    iteration: int = Field(ge=0)
    chunk: int = Field(ge=0)
    name: str
    start_ns: int = Field(ge=0)
    end_ns: int = Field(ge=0)
    cold: bool
    waited_for: str

    @classmethod
    def of(cls, span: Span) -> "SpanArgs":
        """The facts of a span."""
        return cls(**span._asdict())

    def span(self) -> Span:
        """The span with these facts."""
        return Span(**dict(self))


class FootprintArgs(Frozen):
    """A sample of the footprint counter."""

    time_ns: int = Field(ge=0)
    bytes: int = Field(ge=0)


_SPANS = TypeAdapter(list[SpanArgs])
_FOOTPRINT = TypeAdapter(list[FootprintArgs])
_METADATA = TypeAdapter(TraceMetadata)


def write_trace(trace: Trace, path: Path, *, force: bool = False) -> None:
    """Write a trace file, gzipped when its name ends in ``.gz``."""
    write_atomically(path, json.dumps(to_chrome(trace), indent=0).encode(), force=force)


def read_trace(path: Path) -> Trace:
    """Read a trace that devsim wrote.

    Raises:
        BadFileError: missing, truncated, or not a devsim trace; names the field.
    """
    try:
        data = json.loads(read_bytes(path))
        facts = data["metadata"]["devsim"]
        events = data["traceEvents"]
        spans = [e["args"] for e in events if e["ph"] in ("X", "b")]
        samples = [e["args"] for e in events if e["ph"] == "C"]
    except ValueError as error:
        raise BadFileError(
            path, f"is not whole JSON ({error})", "record the trace again"
        ) from error
    except (KeyError, TypeError, IndexError) as error:
        fix = "name a trace written by devsim simulate or devsim validate"
        raise BadFileError(path, f"is not a devsim trace (lacks {error})", fix) from error
    try:
        metadata = _METADATA.validate_python(facts)
        return Trace(
            origin=metadata.origin,
            workload=metadata.workload,
            policy=metadata.policy,
            budget_bytes=metadata.budget_bytes,
            environment=metadata.environment,
            spans=tuple(args.span() for args in _SPANS.validate_python(spans)),
            footprint=tuple(
                Footprint(s.time_ns, s.bytes) for s in _FOOTPRINT.validate_python(samples)
            ),
        )
    except ValidationError as error:
        raise bad_document(path, "trace", error) from error


def to_chrome(trace: Trace) -> dict[str, Any]:
    """The trace as a Chrome Trace Event document."""
    metadata = TraceMetadata(
        schema_version=1,
        origin=trace.origin,
        workload=trace.workload,
        policy=trace.policy,
        budget_bytes=trace.budget_bytes,
        environment=trace.environment,
    )
    return {
        "traceEvents": list(_events(trace)),
        "displayTimeUnit": "ms",
        "metadata": {"devsim": metadata.model_dump(mode="json")},
    }


def _events(trace: Trace) -> Iterator[dict[str, Any]]:
    title = f"devsim {trace.workload} {trace.policy} ({trace.origin})"
    yield _header("process_name", 0, {"name": title})
    for kind, lane in _LANES.items():
        yield _header("thread_name", lane, {"name": kind.value})
        yield _header("thread_sort_index", lane, {"sort_index": lane})
    computes = {span.position: span for span in trace.spans if span.kind is Kind.COMPUTE}
    for span in trace.spans:
        yield from _async_pair(span) if span.kind is Kind.UNLOAD else [_complete(span)]
        if span.kind is Kind.LOAD and span.position in computes:
            yield from _flow(span, computes[span.position])
    for sample in trace.footprint:
        yield {
            "name": "footprint",
            "ph": "C",
            "ts": sample.time_ns / 1000,
            "pid": _PID,
            "args": sample._asdict(),
        }


def _header(name: str, lane: int, args: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "ph": "M", "pid": _PID, "tid": lane, "args": args}


def _complete(span: Span) -> dict[str, Any]:
    return {
        **_at(span, "X", span.start_ns),
        "dur": span.duration_ns / 1000,
        "args": span._asdict(),
    }


def _async_pair(span: Span) -> list[dict[str, Any]]:
    """Unloads may overlap one another, which complete events on one lane may not."""
    ident = {"id": span.position, "cat": "unload"}
    begin = {**_at(span, "b", span.start_ns), **ident, "args": span._asdict()}
    return [begin, {**_at(span, "e", span.end_ns), **ident}]


def _flow(load: Span, compute: Span) -> list[dict[str, Any]]:
    arrow = {"name": "feeds", "cat": "feeds", "id": load.position}
    return [
        {**_at(load, "s", load.start_ns), **arrow},
        {**_at(compute, "f", compute.start_ns), **arrow, "bp": "e"},
    ]


def _at(span: Span, phase: str, time_ns: int) -> dict[str, Any]:
    lane = _LANES.get(span.kind, 0)
    where = {"ts": time_ns / 1000, "pid": _PID, "tid": lane}
    return {"name": f"{span.kind.value} {span.name}", "cat": span.kind.value, "ph": phase, **where}

