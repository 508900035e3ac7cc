"""``python -m devsim.runtime.device``: lists devices, and times packages on one of them."""

import argparse
import dataclasses
import json
import sys
from pathlib import Path

import numpy as np

from devsim.core.errors import DevsimError
from devsim.runtime.choose import require_coreml
from devsim.runtime.coreml.units import ComputeUnit, parse_unit
from devsim.runtime.device.devices import DeviceInfo, list_devices
from devsim.runtime.device.runtime import DeviceRuntime, LoadedOnDevice
from devsim.runtime.protocol import Array, TensorSpec


def main() -> int:
    """Run it; one JSON object a device or package on standard output."""
    options = _parser().parse_args()
    try:
        require_coreml("device")
        if options.do == "list":
            for device in list_devices():
                print(json.dumps(dataclasses.asdict(device)))
            return 0
        unit = parse_unit(options.compute_unit)
        with DeviceRuntime(unit, options.device) as runtime:
            for package in options.packages:
                timed = time_package(runtime, package, options.loads, options.predicts)
                print(json.dumps(as_json(package, unit, runtime.device, timed)))
    except DevsimError as error:
        print(f"devsim: {error}", file=sys.stderr)
        return error.exit_status
    return 0


@dataclasses.dataclass(frozen=True, slots=True)
class Times:
    """What a package took on the device, in nanoseconds in the order taken."""

    load_ns: tuple[int, ...]
    """Each from a path that the device had never loaded from."""
    predict_ns: tuple[int, ...]
    """After the last load; the first is a warm-up's and not kept."""


def time_package(runtime: DeviceRuntime, package: Path, loads: int, predicts: int) -> Times:
    """Load a package some times, and predict with random inputs."""
    load_ns: list[int] = []
    for number in range(loads):
        loaded = runtime.load(package)
        load_ns.append(loaded.load_ns)
        if number < loads - 1:
            loaded.unload()
    predict_ns = _predicts(loaded, predicts)
    loaded.unload()
    return Times(tuple(load_ns), predict_ns)


def as_json(
    package: Path, unit: ComputeUnit, device: DeviceInfo, timed: Times
) -> dict[str, object]:
    """The times, and what they depend on."""
    return {
        "package": str(package),
        "compute_unit": unit.value,
        "device": dataclasses.asdict(device),
        "provenance": "measured",
        **dataclasses.asdict(timed),
    }


def _predicts(loaded: LoadedOnDevice, times: int) -> tuple[int, ...]:
    inputs = {spec.name: _random(spec) for spec in loaded.inputs}
    return tuple(loaded.timed_predict(inputs)[1] for _ in range(times + 1))[1:]


def _random(spec: TensorSpec) -> Array:
    rng = np.random.default_rng(0)
    if spec.dtype == "int32":
        return rng.integers(0, 100, spec.shape, dtype=np.int32)
    return rng.standard_normal(spec.shape, dtype=np.float32).astype(spec.dtype)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m devsim.runtime.device", description=__doc__)
    verbs = parser.add_subparsers(dest="do", required=True)
    verbs.add_parser("list", help="devices that are paired with this Mac")
    times = verbs.add_parser("time", help="loads and predicts of packages, by the device's clock")
    times.add_argument("packages", nargs="+", type=Path)
    times.add_argument("--loads", type=_count, default=3)
    times.add_argument("--predicts", type=_count, default=5)
    times.add_argument("--compute-unit", default="all", help="all, cpu_only, cpu_and_gpu or _ne")
    times.add_argument("--device", help="its name, when several are connected")
    return parser


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"'{text}' is not a whole number above 0")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
