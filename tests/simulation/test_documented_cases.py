"""The cases worked by hand in docs/simulator.md, in both engines."""

import re
import tomllib
from pathlib import Path

import pytest
from strategies import make_chunk, make_pipeline, make_stage

from devsim.core.plan import Residency
from devsim.policy.on_device_sora import OnDeviceSora
from devsim.policy.planned import Planned
from devsim.policy.serial import Serial
from devsim.simulation.evaluate import evaluate
from devsim.simulation.simulator import simulate

PAGE = Path(__file__).parents[2] / "docs" / "simulator.md"
CASES = dict(re.findall(r"^### (.+?)$.*?^```toml\n(.+?)^```$", PAGE.read_text(), re.M | re.S))
SPEEDS = ("load_ppm", "compute_ppm", "beside_load_ppm", "loaders")


def test_there_are_at_least_ten():
    assert len(CASES) >= 10


@pytest.mark.parametrize("title", CASES)
def test_case(title):
    case = tomllib.loads(CASES[title])
    chunks = [make_chunk(c.pop("name", f"c{n}"), **c) for n, c in enumerate(case["chunks"])]
    stage = make_stage(*chunks, name="stdit", iterations=case.get("iterations", 1))
    speeds = {name: case[name] for name in SPEEDS if name in case}
    pipeline = make_pipeline(stage, **speeds)
    if "window" in case:
        resident = tuple(case.get("resident", ()))
        policy = Planned((Residency(resident=resident, window=case["window"]),))
    elif case["policy"] == "serial":
        policy = Serial()
    else:
        policy = OnDeviceSora(pipeline, case["budget"])
    trace = simulate(pipeline, policy, case["budget"])
    assert (trace.makespan_ns, trace.peak_bytes) == (case["makespan"], case["peak"])
    assert evaluate(pipeline, policy, case["budget"])[:2] == (case["makespan"], case["peak"])
