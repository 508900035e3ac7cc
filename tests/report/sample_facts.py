"""Devices, packages, profiles and calibrations to report on, in round figures."""

from strategies import make_profile, make_variant

from devsim.calibration.calibration import Calibration, Check, Estimate
from devsim.calibration.from_trace import Change, TraceCalibration
from devsim.calibration.parameters import Parameter, Range
from devsim.convert.mil.report import Boundary, Cut, Shared, Split, SplitBlock
from devsim.core.device import Device, Figure
from devsim.core.manifest import Block, Manifest, StageManifest
from devsim.core.manifest import Check as Compared
from devsim.report.workload_view import Stage
from devsim.simulation.evaluate import Evaluation

MB = MS = 1_000_000


def profile():
    """Two blocks, the second at half the first's costs."""
    costs = {"resident": 100, "activation": 20, "cold": 30, "cached": 20, "compute": 10}
    whole, half = (
        make_variant(**{name: cost * MB // part for name, cost in costs.items()}) for part in (1, 2)
    )
    return make_profile((3, [whole, half]), baseline=50 * MB, slowdown=1.25)


def figure(value, **more):
    return Figure(value=value, quality="press", source="A page that says so.", **more)


DEVICE = Device(
    schema_version=1,
    name="paper",
    title="A device on paper",
    ram_bytes=figure(8e9),
    budget_bytes=figure(3.3e9, low=3e9, high=4e9),
    storage_read_bytes_per_s=figure(1.5e9, high=2e9),
    gpu_flops_per_s=figure(2e12),
    neural_engine_ops_per_s=figure(3.5e13),
    memory_bandwidth_bytes_per_s=figure(5e10),
    neural_engine_model_limit_bytes=Figure(
        value=1e9,
        quality="one report",
        source="A report of many words. " * 5 + "The end.",
    ),
)


def block(name, *, parameters, weights, psnr_db=None, checked=True):
    check = Compared(psnr_db=psnr_db, max_error=0, seed=0, runtime="reference")
    return Block(
        name=name,
        package=f"{name}.mlpackage",
        digest="",
        weight_bytes=weights * MB,
        parameters=parameters * 1_000_000,
        flops=0,
        inputs=(),
        outputs=(),
        check=check if checked else None,
    )


MANIFEST = Manifest(
    schema_version=1,
    workload="made",
    size="tiny",
    weights="random seed 0",
    shape="17 frames",
    stages=(
        StageManifest(
            name="encoder",
            iterations=1,
            precision="fp32",
            blocks=(block("e0", parameters=2, weights=8), block("e1", parameters=3, weights=12)),
            alternatives={
                "int8": (
                    block("e0", parameters=2, weights=2, psnr_db=61.24),
                    block("e1", parameters=3, weights=3, psnr_db=48.06),
                )
            },
        ),
        StageManifest(
            name="decoder",
            iterations=1,
            precision="fp16",
            blocks=(block("d0", parameters=1, weights=2, checked=False),),
        ),
    ),
)

TENSOR = Boundary(name="x", shape=(2, 3), element="fp16", carried="fp32", bytes=24)
SPLIT = Split(
    model="whole.mlpackage",
    operations=40,
    legal_places=9,
    weight_bytes=30 * MB,
    duplicated_bytes=2 * MB,
    flops=1_500_000_000,
    open_loops=0,
    blocks=(
        SplitBlock(name="b0", operations=25, weight_bytes=20 * MB, flops=1_000_000_000),
        SplitBlock(name="b1", operations=15, weight_bytes=12 * MB, flops=500_000_000),
    ),
    cuts=(
        Cut(
            after="x",
            operation="add",
            boundary=(TENSOR, TENSOR),
            boundary_bytes=48,
            weight_bytes=(20 * MB, 12 * MB),
            flops=(1_000_000_000, 500_000_000),
        ),
    ),
    shared=(Shared(name="embedding", bytes=2 * MB, blocks=("b0", "b1")),),
)

WORKLOAD = [
    Stage(
        name="encoder",
        iterations=1,
        blocks=2,
        alternatives={},
        parameters=5_000_000,
        weight_bytes={"fp32": 20 * MB, "int8": 5 * MB},
        flops={"144p": 2 * 10**12, "720p": 2 * 10**12},
    ),
    Stage(
        name="denoiser",
        iterations=30,
        blocks=4,
        alternatives={"tdtm": 3},
        parameters=700_000_000,
        weight_bytes={"fp32": 2800 * MB, "int8": 700 * MB},
        flops={"144p": 30 * 10**12, "720p": 123 * 10**12},
    ),
]


def estimate(name, low, value, high, *, plausible):
    known = Range(low=plausible[0], high=plausible[1], source="made")
    return Estimate(Parameter(name, "made up", known), value, low, high)


CALIBRATION = Calibration(
    estimates=(
        estimate("load_fixed_s", 0.001, 0.002, 0.004, plausible=(1e-5, 0.1)),
        estimate("load_bytes_per_s", 1e9, 3e10, 4e10, plausible=(1e8, 2e10)),
    ),
    checks=(
        Check("first run", "a paper", 10.0, 11.0, True, ()),
        Check("second run", "a paper", 20.0, 19.0, True, ()),
        Check("third run", "a forum", 5.0, 10.0, False, ("first run", "second run")),
        Check("fourth run", "a forum", 5.0, 4.0, False, ()),
    ),
    determined=2,
    left_open=("load_fixed_s and load_bytes_per_s only together",),
    resolutions={"runs": "240p"},
    alternatives=(({"runs": "240p"}, 0.0), ({"runs": "360p"}, 7.5)),
)
TRACE_CALIBRATION = TraceCalibration(
    changes=(
        Change("load_contention", 0.2, 0.5, 0.4, 0.6),
        Change("dispatch_s", 0.001, 0.0011, 0.0009, 0.0013),
    ),
    spans=120,
    hiccups=3,
    error_before=0.125,
    error_after=0.02,
    left_open=(),
    profile=profile(),
)

RUNS = [Evaluation(number * 100 * MS, number * 10 * MB, 0, 0) for number in range(1, 21)]
"""Makespans of 100 ms to 2 s: by nearest rank the 5th percentile is the first, the 50th the 10th,
the 90th the 18th, the 95th the 19th and the 99th the last."""
