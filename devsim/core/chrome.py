"""Traces as Chrome Trace Event files, which Perfetto and chrome://tracing open as they are.

Format: "Trace Event Format", the Chromium project's document. Timestamps there are microseconds;
exact nanoseconds of every activity are kept in its ``args``.
"""

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, TypeAdapter, ValidationError, model_validator

from devsim.core.errors import BadFileError
from devsim.core.files import Frozen, bad_document, write_atomically
from devsim.core.quantities import ByteCount, Index, PositiveByteCount, TotalNanoseconds
from devsim.core.regular_files import TRACE_BYTES, read_regular
from devsim.core.text_types import Label, Name, Remark
from devsim.core.trace import Footprint, Kind, Span, Trace

_PID = 1
_COMPUTE_LANE, _LOAD_LANE = 1, 2
_COUNTER = "footprint"
_KINDS = tuple(kind.value for kind in Kind)


class TraceMetadata(Frozen):
    """devsim's facts of a run, under ``metadata.devsim`` of the trace file."""

    schema_version: Literal[1]
    origin: Literal["simulated", "measured"]
    workload: Name
    policy: Name
    budget_bytes: PositiveByteCount
    environment: dict[Label, Remark]


class SpanArgs(Frozen):
    """devsim's facts of an activity, under an event's ``args``."""

    kind: Kind
    position: Index
    stage: Name
    iteration: Index
    chunk: Index
    name: Label
    start_ns: TotalNanoseconds
    end_ns: TotalNanoseconds
    cold: bool
    waited_for: Label

    @model_validator(mode="after")
    def _ends_after_its_start(self) -> Self:
        if self.end_ns < self.start_ns:
            raise ValueError("end_ns is before start_ns")
        return self

    @classmethod
    def of(cls, span: Span) -> "SpanArgs":
        """The facts of a span."""
        return cls(**span._asdict())

    def span(self) -> Span:
        """The span with these facts."""
        return Span(**dict(self))


class Sample(Frozen):
    """A sample of the footprint counter; every argument of a counter is a curve of its own."""

    ts: float = Field(ge=0, le=1e16)
    bytes: ByteCount


_SPANS = TypeAdapter(list[SpanArgs])
_SAMPLES = TypeAdapter(list[Sample])
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
        data = json.loads(read_regular(path, TRACE_BYTES))
    except (ValueError, RecursionError) as error:
        raise BadFileError(
            path, f"is not whole JSON ({error})", "record the trace again"
        ) from error
    facts, events = _own(path, data)
    spans = [e.get("args") for e in events if e["ph"] in ("X", "b") and e.get("cat") in _KINDS]
    samples = [
        {"ts": e.get("ts"), **e["args"]}
        for e in events
        if e["ph"] == "C" and e.get("name") == _COUNTER and isinstance(e.get("args"), dict)
    ]
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
                Footprint(round(sample.ts * 1000), sample.bytes)
                for sample in _SAMPLES.validate_python(samples)
            ),
        )
    except ValidationError as error:
        raise bad_document(path, "trace", error) from error


def _own(path: Path, data: object) -> tuple[object, list[dict[str, Any]]]:
    """The run's facts and events as devsim wrote them; what other tools have merged in is left out.

    Raises:
        BadFileError: it is not devsim's.
    """
    fix = "name a trace written by devsim simulate or devsim validate"
    if isinstance(data, list):
        raise BadFileError(path, "is a list of events without devsim's metadata", fix)
    if not isinstance(data, dict) or not isinstance(data.get("traceEvents"), list):
        raise BadFileError(path, "is not a trace: it has no list of traceEvents", fix)
    metadata = data.get("metadata")
    if not isinstance(metadata, dict) or "devsim" not in metadata:
        raise BadFileError(path, "is not a devsim trace: it lacks metadata.devsim", fix)
    events = [
        event
        for event in data["traceEvents"]
        if isinstance(event, dict) and event.get("pid") == _PID and "ph" in event
    ]
    return metadata["devsim"], events


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
    loaders: list[int] = []
    lanes = [_lane(span, loaders) for span in trace.spans]
    names = {_COMPUTE_LANE: "compute"}
    names |= {_LOAD_LANE + n: f"load {n + 1}" if n else "load" for n in range(max(1, len(loaders)))}
    for lane, name in names.items():
        yield _header("thread_name", lane, {"name": name})
        yield _header("thread_sort_index", lane, {"sort_index": lane})
    loads, computes = (
        {span.position for span in trace.spans if span.kind is kind}
        for kind in (Kind.LOAD, Kind.COMPUTE)
    )
    fed = loads & computes
    for span, lane in zip(trace.spans, lanes, strict=True):
        yield from _async_pair(span) if span.kind is Kind.UNLOAD else [_complete(span, lane)]
        if span.kind is not Kind.UNLOAD and span.position in fed:
            yield _arrow_end(span, lane)
    for sample in trace.footprint:
        yield {
            "name": _COUNTER,
            "ph": "C",
            "ts": _microseconds(sample.time_ns),
            "pid": _PID,
            "args": {"bytes": sample.bytes},
        }


def _lane(span: Span, loaders: list[int]) -> int:
    """A lane that is free, of a load's several; ``loaders`` holds when each was last busy."""
    if span.kind is not Kind.LOAD:
        return _COMPUTE_LANE if span.kind is Kind.COMPUTE else 0
    for number, busy_until_ns in enumerate(loaders):
        if busy_until_ns <= span.start_ns:
            loaders[number] = span.end_ns
            return _LOAD_LANE + number
    loaders.append(span.end_ns)
    return _LOAD_LANE + len(loaders) - 1


def _header(name: str, lane: int, args: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "ph": "M", "pid": _PID, "tid": lane, "args": args}


def _complete(span: Span, lane: int) -> dict[str, Any]:
    return {
        **_at(span, "X", span.start_ns, lane),
        "dur": _microseconds(span.duration_ns),
        "args": span._asdict(),
    }


def _async_pair(span: Span) -> list[dict[str, Any]]:
    """Unloads may overlap one another, which complete events on one lane may not."""
    ident = {"id": span.position, "cat": "unload"}
    begin = {**_at(span, "b", span.start_ns, 0), **ident, "args": span._asdict()}
    return [begin, {**_at(span, "e", span.end_ns, 0), **ident}]


def _arrow_end(span: Span, lane: int) -> dict[str, Any]:
    """One end of the arrow from a load to the compute it feeds.

    It follows its own slice in the file, because Perfetto binds it to the slice opened last.
    """
    phase = {"ph": "s"} if span.kind is Kind.LOAD else {"ph": "f", "bp": "e"}
    arrow = {"name": "feeds", "cat": "feeds", "id": span.position}
    return {**_at(span, "", span.start_ns, lane), **arrow, **phase}


def _at(span: Span, phase: str, time_ns: int, lane: int) -> dict[str, Any]:
    where = {"ts": _microseconds(time_ns), "pid": _PID, "tid": lane}
    return {"name": f"{span.kind.value} {span.name}", "cat": span.kind.value, "ph": phase, **where}


def _microseconds(time_ns: int) -> float:
    """Microseconds that are still ``time_ns`` for a reader that multiplies and cuts off.

    Perfetto does so. A nanosecond less would make slices overlap that touch, and it drops those.
    """
    time_us = time_ns / 1000
    return time_us if int(time_us * 1000) == time_ns else math.nextafter(time_us, math.inf)
