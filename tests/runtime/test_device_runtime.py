"""The device runtime with stand-ins for the device and its model; nothing here ran on one."""

import asyncio
import sys
from pathlib import Path

import mil_packages
import numpy as np
import pytest
from coremltools.models.ml_program.experimental.remote_device import (
    Device,
    DeviceState,
    DeviceType,
)
from mil_packages import mb

from devsim.core.errors import BadFileError, BadInputError
from devsim.runtime.device import DeviceError, DeviceRuntime, devices
from devsim.runtime.device import runtime as device_runtime
from devsim.runtime.device.__main__ import Times, main, time_package


class Session:
    stopped = False

    def stop(self):
        self.stopped = True


def a_device(name="Phone", kind=DeviceType.IPHONE, state=DeviceState.CONNECTED):
    return Device(name, kind, "identifier", "udid", "18.1", "22B83", "enabled", state, Session())


class Model:
    """Doubles its input on the loop that loaded it; a number below 0 is what it fails at."""

    load_duration_in_nano_seconds = None
    last_predict_duration_in_nano_seconds = None

    async def load(self):
        self.loop = asyncio.get_running_loop()
        self.load_duration_in_nano_seconds = 70

    async def predict(self, inputs):
        assert asyncio.get_running_loop() is self.loop
        assert inputs["x"].flags.c_contiguous
        self.last_predict_duration_in_nano_seconds = 7
        if inputs["x"].flat[0] < 0:
            raise Exception(b"ERROR: the device is\nlocked")
        return {"y": (inputs["x"] * 2).astype(np.float32)}

    async def unload(self):
        assert asyncio.get_running_loop() is self.loop


@pytest.fixture(scope="module")
def double(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("double")
    x = np.zeros((2, 3), np.int32)
    return mil_packages.save(folder, lambda x: mb.add(x=x, y=x, name="y"), {"x": x})


@pytest.fixture
def runtime(monkeypatch):
    device = a_device()

    async def prepared(found):
        return found

    monkeypatch.setattr(devices, "_devices", lambda: [device])
    monkeypatch.setattr(device_runtime, "_prepare", prepared)
    monkeypatch.setattr(device_runtime, "_wrap", lambda package, unit, device: Model())
    with DeviceRuntime() as runtime:
        yield runtime
    assert device.session.stopped


def test_loads_computes_and_times_by_the_devices_clock(runtime, double):
    loaded = runtime.load(double)
    given = np.arange(6, dtype=np.int32).reshape(3, 2).T
    outputs, took_ns = loaded.timed_predict({"x": given})
    assert outputs["y"].tolist() == (given * 2).tolist()
    assert outputs["y"].dtype == np.int32
    assert (loaded.load_ns, took_ns) == (70, 7)
    loaded.unload()
    loaded.unload()
    with pytest.raises(BadInputError, match="unloaded"):
        loaded.predict({"x": given})


def test_the_footprint_is_said_to_be_unknown(runtime, double):
    loaded = runtime.load(double)
    with pytest.raises(DeviceError, match="tells no footprint of a device"):
        _ = loaded.resident_bytes


def test_what_devicectl_says_is_one_line_that_names_the_package(runtime, double):
    loaded = runtime.load(double)
    with pytest.raises(
        DeviceError, match=r"model\.mlpackage: computing failed \(.*locked"
    ) as raised:
        loaded.predict({"x": np.full((2, 3), -1, np.int32)})
    assert "\n" not in str(raised.value)


def test_a_missing_package_is_named(runtime, tmp_path):
    with pytest.raises(BadFileError, match=r"absent\.mlpackage"):
        runtime.load(tmp_path / "absent.mlpackage")


def test_times_of_a_package_leave_the_warm_up_out(runtime, double):
    assert time_package(runtime, double, 2, 3) == Times((70, 70), (7, 7, 7))


def test_a_device_is_described_without_its_identifiers(runtime):
    assert runtime.device.system == "18.1"
    assert "udid" not in str(runtime.device)
    assert "identifier" not in str(runtime.device)


@pytest.mark.parametrize(
    ("known", "name", "message"),
    [
        ([], None, "no iPhone or iPad is connected"),
        ([a_device(kind=DeviceType.WATCH)], None, "no iPhone or iPad is connected"),
        ([a_device(state=DeviceState.DISCONNECTED)], None, "no iPhone or iPad is connected"),
        ([a_device()], "Tablet", "no iPhone or iPad named 'Tablet' is connected"),
        ([a_device("A"), a_device("B")], None, "several devices are connected: A, B"),
    ],
)
def test_a_device_that_cannot_be_chosen(monkeypatch, known, name, message):
    monkeypatch.setattr(devices, "_devices", lambda: known)
    with pytest.raises(DeviceError, match=message):
        devices.find_device(name)


def test_xcodes_tools_are_asked_for(monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(DeviceError, match="devicectl is not on the PATH; install Xcode"):
        devices.list_devices()


def test_a_development_team_is_asked_for(monkeypatch):
    monkeypatch.delenv("DEVSIM_DEVELOPMENT_TEAM", raising=False)
    monkeypatch.setattr(devices, "_devices", lambda: [a_device()])
    with pytest.raises(DeviceError, match="DEVSIM_DEVELOPMENT_TEAM"):
        DeviceRuntime()


@pytest.mark.skipif(sys.platform == "darwin", reason="says why it needs a Mac")
def test_off_a_mac_the_command_says_so_in_one_line(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["device", "list"])
    assert main() == 2
    assert capsys.readouterr().err.startswith("devsim: runtime device needs macOS and this is ")
