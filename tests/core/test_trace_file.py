"""Trace files: what is read back, and the rules of the Chrome Trace Event Format."""

import gzip
import json
from collections import defaultdict
from itertools import pairwise

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from strategies import Run, make_chunk, make_pipeline, make_stage, runs

from devsim.core.chrome import read_trace, to_chrome, write_trace
from devsim.core.errors import BadFileError, BadInputError
from devsim.core.trace import Kind
from devsim.policy.serial import Serial
from devsim.simulation.simulator import simulate

REQUIRED = {
    "X": {"name", "cat", "ts", "dur", "pid", "tid", "args"},
    "M": {"name", "pid", "tid", "args"},
    "C": {"name", "ts", "pid", "args"},
    "s": {"name", "cat", "id", "ts", "pid", "tid"},
    "f": {"name", "cat", "id", "ts", "pid", "tid", "bp"},
    "b": {"name", "cat", "id", "ts", "pid", "tid"},
    "e": {"name", "cat", "id", "ts", "pid", "tid"},
}


def to_ns(microseconds: float) -> int:
    """As Perfetto's JSON importer has it: multiply, then cut the fraction off."""
    return int(microseconds * 1000.0)


def events_of(trace, *phases):
    document = json.loads(json.dumps(to_chrome(trace)))
    return [event for event in document["traceEvents"] if event["ph"] in phases]


@pytest.fixture
def trace():
    chunks = [make_chunk(name, load=4, compute=3, unload=1) for name in "ab"]
    return simulate(make_pipeline(make_stage(*chunks, iterations=2)), Serial(), 100)


@settings(max_examples=100)
@given(runs(), st.sampled_from(["trace.json", "trace.json.gz"]))
def test_trace_is_read_back_as_it_was(tmp_path_factory, run: Run, name):
    path = tmp_path_factory.mktemp("trace") / name
    write_trace(run.trace, path)
    assert read_trace(path) == run.trace


@settings(max_examples=200)
@given(runs())
def test_every_event_has_its_phase_s_keys_and_times_at_or_after_zero(run: Run):
    document = json.loads(json.dumps(to_chrome(run.trace), allow_nan=False))
    for event in document["traceEvents"]:
        assert REQUIRED[event["ph"]] <= event.keys()
        assert event.get("ts", 0) >= 0
        assert event.get("dur", 0) >= 0
        assert isinstance(event.get("args", {}), dict)


@settings(max_examples=200)
@given(runs(), st.sampled_from([1, 7, 1001, 999_999_937]))
def test_slices_of_a_lane_do_not_overlap_for_a_reader_that_cuts_off(run: Run, scale):
    # a double tells whole nanoseconds apart in microseconds below 2^43: half its spacing is there
    # 2^-11 us, 0.49 ns
    assume(max(span.end_ns for span in run.trace.spans) * scale < 2**43 * 1000)
    spans = [
        s._replace(start_ns=s.start_ns * scale, end_ns=s.end_ns * scale) for s in run.trace.spans
    ]
    trace = type(run.trace)(**{**vars(run.trace), "spans": tuple(spans)})
    lanes = defaultdict(list)
    for event in events_of(trace, "X"):
        start = to_ns(event["ts"])
        assert (start, to_ns(event["dur"])) == (
            event["args"]["start_ns"],
            event["args"]["end_ns"] - event["args"]["start_ns"],
        )
        lanes[event["tid"]].append((start, start + to_ns(event["dur"])))
    for slices in lanes.values():
        assert all(end <= start for (_, end), (start, _) in pairwise(slices))


@given(st.integers(0, 10**15))
def test_timestamps_are_exact_for_a_reader_that_cuts_off(time_ns):
    trace = simulate(make_pipeline(make_stage(make_chunk(load=time_ns))), Serial(), 100)
    (load, _) = events_of(trace, "X")
    assert to_ns(load["dur"]) == time_ns


@settings(max_examples=200)
@given(runs())
def test_every_load_has_an_arrow_to_the_compute_it_feeds(run: Run):
    starts = {(e["cat"], e["name"], e["id"]): e for e in events_of(run.trace, "s")}
    ends = {(e["cat"], e["name"], e["id"]): e for e in events_of(run.trace, "f")}
    loads = [span for span in run.trace.spans if span.kind is Kind.LOAD]
    assert len(events_of(run.trace, "s")) == len(events_of(run.trace, "f")) == len(loads)
    assert starts.keys() == ends.keys()
    slices = {
        (event["args"]["kind"], event["args"]["position"]): event
        for event in events_of(run.trace, "X")
    }
    for load in loads:
        start, end = (each["feeds", "feeds", load.position] for each in (starts, ends))
        source, target = slices["load", load.position], slices["compute", load.position]
        assert start["tid"] == source["tid"]
        assert source["ts"] <= start["ts"] <= source["ts"] + source["dur"]
        assert (end["tid"], end["ts"], end["bp"]) == (target["tid"], target["ts"], "e")


@settings(max_examples=100)
@given(runs())
def test_arrows_follow_their_slice_directly(run: Run):
    """Perfetto sorts by time, keeps the file's order, and binds to the slice opened last."""
    topmost = {}
    events = sorted(events_of(run.trace, "X", "s", "f"), key=lambda event: event["ts"])
    for event in events:
        if event["ph"] == "X":
            topmost[event["tid"]] = event["args"]["position"]
        else:
            assert topmost[event["tid"]] == event["id"]


@settings(max_examples=100)
@given(runs())
def test_unloads_are_pairs_that_match_by_category_and_id(run: Run):
    begins, ends = events_of(run.trace, "b"), events_of(run.trace, "e")
    unloads = [span for span in run.trace.spans if span.kind is Kind.UNLOAD]
    assert len(begins) == len(ends) == len(unloads)
    ended = {(event["cat"], event["id"]): event for event in ends}
    assert len(ended) == len(ends)
    for begin, span in zip(begins, unloads, strict=True):
        end = ended[begin["cat"], begin["id"]]
        assert end["name"] == begin["name"]
        assert (to_ns(begin["ts"]), to_ns(end["ts"])) == (span.start_ns, span.end_ns)


def test_footprint_is_a_counter_with_one_curve(trace):
    counters = events_of(trace, "C")
    assert [event["args"] for event in counters] == [{"bytes": s.bytes} for s in trace.footprint]
    assert [to_ns(event["ts"]) for event in counters] == [s.time_ns for s in trace.footprint]


def test_lanes_and_process_have_names(trace):
    names = {(e["name"], e["tid"]): e["args"] for e in events_of(trace, "M")}
    assert names["thread_name", 1] == {"name": "compute"}
    assert names["thread_name", 2] == {"name": "load"}
    assert names["process_name", 0] == {"name": "devsim made serial (simulated)"}


def test_trace_is_not_overwritten_unless_forced(tmp_path, trace):
    path = tmp_path / "trace.json"
    path.write_text("mine")
    with pytest.raises(BadInputError, match="already exists; add --force"):
        write_trace(trace, path)
    assert path.read_text() == "mine"
    write_trace(trace, path, force=True)
    assert read_trace(path) == trace


def refused(path) -> str:
    with pytest.raises(BadFileError) as error:
        read_trace(path)
    message = str(error.value)
    assert len(message.splitlines()) == 1
    assert str(path) in message
    return message


@settings(max_examples=200)
@given(st.binary(max_size=50) | st.text().map(str.encode))
def test_garbage_is_refused_in_one_line(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("garbage")
    for name in ("trace.json", "trace.json.gz"):
        (folder / name).write_bytes(data)
        refused(folder / name)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)


@settings(max_examples=200)
@given(data=st.data())
def test_trace_with_any_value_replaced_is_refused_in_one_line_or_read(tmp_path_factory, data):
    run_trace = simulate(make_pipeline(make_stage(make_chunk(load=1, compute=1))), Serial(), 10)
    document = to_chrome(run_trace)
    parent, key = data.draw(st.sampled_from(list(places(document))))
    parent[key] = data.draw(JSON)
    path = tmp_path_factory.mktemp("mended") / "trace.json"
    path.write_text(json.dumps(document))
    if (complaint := complaint_about(path)) is not None:
        assert len(complaint.splitlines()) == 1
        assert str(path) in complaint


def complaint_about(path) -> str | None:
    try:
        read_trace(path)
    except BadFileError as error:
        return str(error)
    return None


def places(value):
    """Every place in a document that holds a value."""
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    for key, child in inner:
        yield value, key
        if isinstance(child, dict | list):
            yield from places(child)


@pytest.mark.parametrize(
    ("field", "value", "complaint"),
    [
        ("start_ns", -1, "0.start_ns: Input should be greater than or equal to 0"),
        ("end_ns", "soon", "0.end_ns: Input should be a valid integer"),
        ("end_ns", 0.5, "0.end_ns: Input should be a valid integer"),
        ("kind", "nap", "0.kind: Input should be 'load', 'compute' or 'unload'"),
        ("speed", 9, "0.speed: Extra inputs are not permitted"),
    ],
)
def test_bad_field_is_named(tmp_path, trace, field, value, complaint):
    document = to_chrome(trace)
    event = next(e for e in document["traceEvents"] if e["ph"] == "X")
    event["args"][field] = value
    path = tmp_path / "trace.json"
    path.write_text(json.dumps(document))
    assert complaint in refused(path)


def test_activity_that_ends_before_it_starts_is_refused(tmp_path, trace):
    document = to_chrome(trace)
    args = next(e for e in document["traceEvents"] if e["ph"] == "X")["args"]
    args["start_ns"], args["end_ns"] = 5, 4
    path = tmp_path / "trace.json"
    path.write_text(json.dumps(document))
    assert "end_ns is before start_ns" in refused(path)


def test_another_version_is_refused(tmp_path, trace):
    document = to_chrome(trace)
    document["metadata"]["devsim"]["schema_version"] = 2
    path = tmp_path / "trace.json"
    path.write_text(json.dumps(document))
    assert "schema_version is 2, which this devsim does not read as a trace" in refused(path)


def test_somebody_else_s_trace_is_refused(tmp_path):
    path = tmp_path / "trace.json"
    path.write_text('{"traceEvents": []}')
    assert "is not a devsim trace: it lacks metadata.devsim" in refused(path)


def test_truncated_trace_is_refused(tmp_path, trace):
    path = tmp_path / "trace.json.gz"
    write_trace(trace, path)
    path.write_bytes(path.read_bytes()[:-20])
    assert "cannot be read" in refused(path)
    path.write_bytes(gzip.compress(b'{"traceEvents": [{'))
    assert "is not whole JSON" in refused(path)


def test_deep_nesting_is_refused(tmp_path):
    path = tmp_path / "trace.json"
    path.write_text("[" * 100_000)
    assert "is not whole JSON" in refused(path)
