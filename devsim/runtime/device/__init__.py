"""Packages timed on a connected iPhone or iPad, through coremltools' experimental remote device."""

from devsim.runtime.device.devices import DeviceInfo, list_devices
from devsim.runtime.device.errors import DeviceError
from devsim.runtime.device.runtime import DeviceRuntime, LoadedOnDevice

__all__ = ["DeviceError", "DeviceInfo", "DeviceRuntime", "LoadedOnDevice", "list_devices"]
