"""The devices that a Mac knows, as coremltools' ``remote_device.Device`` lists them."""

import shutil
from dataclasses import dataclass
from typing import Any

from devsim.runtime.device.errors import DeviceError, telling

RemoteDevice = Any
"""A ``coremltools.models.ml_program.experimental.remote_device.Device``."""


@dataclass(frozen=True, slots=True)
class DeviceInfo:
    """A device, as ``devicectl list devices`` tells; it tells no thermal state and no memory."""

    name: str
    kind: str
    system: str
    build: str
    state: str
    developer_mode: str


def list_devices() -> list[DeviceInfo]:
    """Every device that is paired with this Mac.

    Raises:
        DeviceError: Xcode's tools are missing or fail.
    """
    return [describe(device) for device in _devices()]


def find_device(name: str | None) -> RemoteDevice:
    """The connected iPhone or iPad of a name, or the only one.

    Raises:
        DeviceError: there is none, or more than one and no name.
    """
    from coremltools.models.ml_program.experimental.remote_device import DeviceState, DeviceType

    usable = [
        device
        for device in _devices()
        if device.state == DeviceState.CONNECTED
        and device.type in (DeviceType.IPHONE, DeviceType.IPAD)
        and name in (None, device.name)
    ]
    if not usable:
        wanted = f"named '{name}' " if name else ""
        raise DeviceError(
            f"no iPhone or iPad {wanted}is connected",
            "plug it in, unlock it, trust this Mac and turn its developer mode on",
        )
    if len(usable) > 1:
        names = ", ".join(device.name for device in usable)
        raise DeviceError(f"several devices are connected: {names}", "choose one with --device")
    return usable[0]


def describe(device: RemoteDevice) -> DeviceInfo:
    """The facts of a device that say what its figures depend on; no identifier of it."""
    return DeviceInfo(
        name=device.name,
        kind=device.type.value,
        system=device.os_version,
        build=device.os_build_number,
        state=device.state.value,
        developer_mode=device.developer_mode_state,
    )


def _devices() -> list[RemoteDevice]:
    from coremltools.models.ml_program.experimental.remote_device import Device

    # coremltools looks for it on PATH, though `xcrun devicectl` would find it elsewhere.
    if shutil.which("devicectl") is None:
        raise DeviceError(
            "devicectl is not on the PATH",
            'install Xcode 15 or later and run: export PATH="$PATH:$(xcode-select -p)/usr/bin"',
        )
    with telling("listing the devices", "check that `xcrun devicectl list devices` works"):
        return list(Device.get_devices())
