"""``devsim.devices``."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from devsim.core.device import Device, Figure
from devsim.core.shipped import device_names, read_device

if TYPE_CHECKING:
    import pandas


@dataclass(frozen=True, repr=False)
class DeviceTable:
    """The devices that come with devsim, with the source of every figure.

    Attributes:
        devices: in order of their names.
    """

    devices: tuple[Device, ...]

    def to_dict(self) -> dict[str, Any]:
        """Everything."""
        return {"devices": [device.model_dump(mode="json") for device in self.devices]}

    def to_pandas(self) -> "pandas.DataFrame":
        """A row for each figure of each device; needs pandas."""
        import pandas

        rows = [
            {"device": device.name, "figure": name, **figure.model_dump()}
            for device in self.devices
            for name, figure in device
            if isinstance(figure, Figure)
        ]
        return pandas.DataFrame(rows)

    def __repr__(self) -> str:
        names = "\n".join(f"{each.name} ({each.title})" for each in self.devices[:24])
        return f"<{len(self.devices)} devices>\n{names}"


def devices() -> DeviceTable:
    """List the devices that come with devsim."""
    return DeviceTable(tuple(read_device(name) for name in device_names()))
