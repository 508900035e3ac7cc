"""What the reports of these tests are about: small enough to check a report by hand."""

from strategies import make_chunk, make_pipeline, make_stage

from devsim.analysis.comparison.change import Change, Sampled, Unit, single
from devsim.analysis.comparison.comparison import Choice, Comparison, Setting
from devsim.core.plan import Baseline, Figures, Plan, Prediction, Residency, Robustness
from devsim.core.trace import Footprint, Kind, Span, Trace
from devsim.planner.frontier import Point
from devsim.planner.sensitivity import Sensitivity

MB = 1_000_000
MS = 1_000_000


def chunk(*blocks, size, **costs):
    """A chunk of so many MB; its costs are in ms."""
    in_ns = {name: cost * MS for name, cost in costs.items()}
    made = make_chunk(blocks[0], resident=size * MB, **in_ns)
    return made.model_copy(update={"blocks": blocks})


PIPELINE = make_pipeline(
    make_stage(
        chunk("e0", size=100, load=20, cold=30, compute=10),
        chunk("e1", size=100, load=20, cold=30, compute=10),
        name="encoder",
        variant="fp16",
    ),
    make_stage(
        chunk("d0", size=100, load=20, cold=30, compute=10),
        chunk("d1", "d2", size=200, load=40, cold=60, compute=20),
        chunk("d3", size=100, load=20, cold=30, compute=10),
        name="denoiser",
        variant="int8",
        iterations=5,
        first=2,
    ),
    baseline=50 * MB,
)


def figures(makespan_ms, *, peak=400, stall_ms, read=1000):
    return Figures(
        makespan_ns=makespan_ms * MS,
        peak_bytes=peak * MB,
        stall_ns=stall_ms * MS,
        read_bytes=read * MB,
    )


PLAN = Plan(
    schema_version=1,
    device="paper",
    shape="17 frames",
    profile_digest="0" * 64,
    environment={},
    budget_bytes=450 * MB,
    policy="planned",
    pipeline=PIPELINE,
    residency=(Residency(resident=(), window=1), Residency(resident=(0,), window=2)),
    prediction=Prediction(
        makespan_ns=430 * MS,
        peak_bytes=450 * MB,
        load_busy_ns=420 * MS,
        compute_busy_ns=220 * MS,
        stalls_ns={"prologue": 30 * MS, "load": 180 * MS},
    ),
    read_bytes=1800 * MB,
    lower_bound_ns=400 * MS,
    baselines=(
        Baseline(policy="serial", figures=figures(750, peak=250, stall_ms=530, read=2200)),
        Baseline(policy="all-resident", figures=None),
        Baseline(policy="strided", figures=figures(430, stall_ms=210)),
    ),
)
ROBUST = PLAN.model_copy(
    update={
        "offered_bytes": 500 * MB,
        "robustness": Robustness(
            percentile=90, makespan_ns=600 * MS, median_ns=440 * MS, runs=40, seed=3
        ),
    }
)

POINTS = [
    Point(100 * MB, 900 * MS, 600 * MS),
    Point(200 * MB, 500 * MS, 400 * MS),
    Point(400 * MB, 300 * MS, 300 * MS),
]
SENSITIVITIES = [
    Sensitivity("budget", None, 400 * MS, None, 1.25),
    Sensitivity("compute", 390 * MS, 610 * MS, 0.5, 2.0),
    Sensitivity("unload lag", 430 * MS, 430 * MS, None, None),
]


def span(kind, position, start_ms, end_ms, **more):
    return Span(
        kind, position, "s", position, 0, f"b{position}", start_ms * MS, end_ms * MS, **more
    )


TRACE = Trace(
    origin="measured",
    workload="made",
    policy="planned",
    budget_bytes=100 * MB,
    spans=(
        span(Kind.LOAD, 0, 0, 20, cold=True),
        span(Kind.COMPUTE, 0, 20, 50),
        span(Kind.LOAD, 1, 55, 70, waited_for="memory"),
        span(Kind.COMPUTE, 1, 70, 95),
        span(Kind.COMPUTE, 2, 97, 100),
    ),
    footprint=(
        Footprint(0, 25 * MB),
        Footprint(20 * MS, 50 * MB),
        Footprint(55 * MS, 100 * MB),
        Footprint(90 * MS, 10 * MB),
    ),
)
"""The load lane is busy for 35 ms, the compute lane for 58 of 100.

Stalls: 20 ms of prologue; 5 ms for memory and 15 for the load before the second compute; 2 ms of
overhead before the third.
"""

LONG = "a_setting_with_a_rather_long_name"


def part(name, before, after, *, matters=True):
    old, new = Sampled.of(before), Sampled.of(after)
    return Change("compute", Unit.NS, old, new, "stage", name, matters)


COMPARISON = Comparison(
    kind="profile",
    workload="a [/] workload",
    settings=(
        Setting("device", "phone", "another phone " * 20),
        Setting(LONG, "1", "2"),
        Setting("system", "Linux", "Linux"),
        Setting("cores", "", "0-2/3"),
    ),
    choices=(
        Choice("stdit", "window", ("1",), ("2",)),
        Choice("stdit", "residents", (), tuple(f"[b]{n}" for n in range(40))),
        Choice("stdit", "variant", ("fp32",), ("fp32",)),
    ),
    totals=(
        single("makespan", 2_000_000_000, 2_200_000_000, matters=True),
        single("peak", 3_300_000_000, 3_300_000_000, Unit.BYTES, matters=True),
        single("stalls: load", 0, 7_000_000),
    ),
    parts=(
        part("st_00 fp32", (100, 110, 120), (150, 160, 170)),
        part("st_01 fp32", (200,), (100,)),
        part("st_02 fp32", (100,), (104,)),
        part("st_03 fp32", (100, 110), (110, 130)),
        part("st_04 int8", (), (7,)),
        part("[bold]" + "x" * 90, (100,), (150,), matters=False),
    ),
)
