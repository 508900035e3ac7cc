"""The device runtime: packages loaded and computed on a connected iPhone or iPad.

coremltools 9 builds its own app (``modelrunner``) with Xcode, installs and starts it, and talks to
it in files that ``devicectl`` copies. So a call takes seconds whatever it does: the durations that
count are those the app measures around ``MLModel``, which this runtime keeps.
"""

import asyncio
import os
import threading
from collections.abc import Coroutine
from importlib.metadata import version
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import numpy as np

from devsim.core.errors import BadFileError, BadInputError
from devsim.mlpackage.forms import check_folder
from devsim.runtime.coreml.cache import default_folder
from devsim.runtime.coreml.interface import Interface, read_interfaces
from devsim.runtime.coreml.units import ComputeUnit
from devsim.runtime.device.devices import DeviceInfo, RemoteDevice, describe, find_device
from devsim.runtime.device.errors import DeviceError, telling
from devsim.runtime.protocol import Array, Tensors, TensorSpec

_Result = TypeVar("_Result")
_TEAM = "DEVSIM_DEVELOPMENT_TEAM"
_LOOK = "unlock the device, keep it connected, and see what was printed above"


class DeviceRuntime:
    """Runs packages on a device; see ``Runtime``. To be closed.

    Every load compiles the package, copies it to the device and loads it from a new path there, so
    there is no cached load and nothing to forget. coremltools waits for an answer 20 times half a
    second and devicectl's own time; a load that takes longer fails.

    Args:
        unit: what Core ML may compute on.
        device: its name; the only connected one when None.
    """

    name = "device"

    def __init__(self, unit: ComputeUnit = ComputeUnit.ALL, device: str | None = None) -> None:
        self._unit = unit
        found = find_device(device)
        self._calls = _Calls()
        try:
            self._device = self._calls.wait(_prepare(found), f"preparing {found.name}")
        except BaseException:
            self._calls.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def device(self) -> DeviceInfo:
        """The device that is used."""
        return describe(self._device)

    def load(self, package: Path, function: str | None = None) -> "LoadedOnDevice":
        """Load a package; see ``Runtime.load``.

        Raises:
            BadFileError: the package is missing, damaged or not an ML program.
            DeviceError: it cannot be compiled, copied or loaded; or has several functions or
                states, which coremltools does not run right on a device.
        """
        interface = _read(package)
        if function is not None:
            raise DeviceError(f"{package}: functions are not chosen on a device", "name none")
        model = _wrap(package, self._unit, self._device)
        self._calls.wait(model.load(), f"{package}: loading on {self._device.name}")
        return LoadedOnDevice(package, interface, model, self._calls)

    def forget(self, package: Path) -> None:
        """Nothing: every load is from a path that the device has never seen."""

    def close(self) -> None:
        """End the app on the device."""
        with telling("ending the app on the device", _LOOK):
            self._device.session.stop()
        self._calls.close()


class LoadedOnDevice:
    """A package in a device's memory; see ``LoadedPackage``."""

    def __init__(
        self, package: Path, interface: Interface, model: "RemoteModel", calls: "_Calls"
    ) -> None:
        self._package = package
        self._interface = interface
        self._calls = calls
        self._lock = threading.Lock()
        self._load_ns = _measured(model.load_duration_in_nano_seconds, package)
        self._model: RemoteModel | None = model

    @property
    def inputs(self) -> tuple[TensorSpec, ...]:
        """What ``predict`` takes."""
        return self._interface.inputs

    @property
    def outputs(self) -> tuple[TensorSpec, ...]:
        """What ``predict`` returns."""
        return self._interface.outputs

    @property
    def resident_bytes(self) -> int:
        """Not known.

        Raises:
            DeviceError: always.
        """
        raise DeviceError(
            f"{self._package}: coremltools tells no footprint of a device",
            "read it in Xcode's memory gauge, or plan with the size of its weights",
        )

    @property
    def load_ns(self) -> int:
        """What the load took on the device, by its own clock."""
        return self._load_ns

    def predict(self, tensors: Tensors) -> dict[str, Array]:
        """Compute every output; see ``LoadedPackage.predict``."""
        outputs, _ = self.timed_predict(tensors)
        return outputs

    def timed_predict(self, tensors: Tensors) -> tuple[dict[str, Array], int]:
        """Compute every output, and say how many nanoseconds that took on the device.

        Raises:
            BadInputError: an input is not as declared, or the package is unloaded.
            DeviceError: the device failed, or its app has ended.
        """
        with self._lock:
            if self._model is None:
                raise BadInputError(f"{self._package}: is unloaded", "load it again")
            given = self._interface.check(self._package, tensors)
            # coremltools sends an array's strides with bytes in C order: only these agree.
            given = {name: np.ascontiguousarray(array) for name, array in given.items()}
            computed = self._calls.wait(self._model.predict(given), f"{self._package}: computing")
            took_ns = _measured(self._model.last_predict_duration_in_nano_seconds, self._package)
        outputs = {
            spec.name: np.ascontiguousarray(computed[spec.name], dtype=spec.dtype)
            for spec in self.outputs
        }
        return outputs, took_ns

    def unload(self) -> None:
        """Have the device let the model go; waits for a predict that runs."""
        with self._lock:
            model, self._model = self._model, None
        if model is not None:
            self._calls.wait(model.unload(), f"{self._package}: unloading")


RemoteModel = Any
"""A ``RemoteMLModelAsyncWrapper`` of coremltools' ``async_wrapper``."""


class _Calls:
    """An event loop on a thread: coremltools' remote calls must all be made on one."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def wait(self, call: Coroutine[Any, Any, _Result], doing: str) -> _Result:
        with telling(doing, _LOOK):
            return asyncio.run_coroutine_threadsafe(call, self._loop).result()

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


async def _prepare(device: RemoteDevice) -> RemoteDevice:
    """Build, sign, install and start coremltools' app; the build takes minutes and is kept.

    Raises:
        DeviceError: no development team is named to sign it.
    """
    from coremltools.models.ml_program.experimental.remote_device import AppSigningCredentials

    team = os.environ.get(_TEAM)
    if not team:
        raise DeviceError(
            "coremltools builds an app for the device, which must be signed",
            f"put the identifier of your Apple development team in {_TEAM}",
        )
    folder = default_folder() / "device" / f"coremltools-{version('coremltools')}-{team}"
    folder.mkdir(parents=True, exist_ok=True)
    return await device.prepare_for_model_debugging(
        credentials=AppSigningCredentials(development_team=team), working_directory=folder
    )


def _wrap(package: Path, unit: ComputeUnit, device: RemoteDevice) -> RemoteModel:
    import coremltools as ct
    from coremltools.models.ml_program.experimental.async_wrapper import MLModelAsyncWrapper

    return MLModelAsyncWrapper.from_spec_or_path(
        str(package.absolute()),
        weights_dir=str(package.absolute()),  # checked to be text, and not used with a path
        compute_units=ct.ComputeUnit[unit.name],
        device=device,
    )


def _read(package: Path) -> Interface:
    check_folder(package)
    try:
        interface = read_interfaces(package).of(package, None)
    except Exception as error:
        raise BadFileError(package, str(error), "convert the package again") from error
    if interface.function or interface.stateful:
        raise DeviceError(
            f"{package}: has several functions or states", "convert it with one function and none"
        )
    for spec in (*interface.inputs, *interface.outputs):
        if spec.color or spec.classes or spec.dtype == "str":
            raise DeviceError(
                f"{package}: '{spec.name}' is a picture or a class, which is not sent to a device",
                "convert it with arrays as inputs and outputs",
            )
    return interface


def _measured(took_ns: int | None, package: Path) -> int:
    if took_ns is None:
        raise DeviceError(f"{package}: the device told no duration", _LOOK)
    return took_ns
