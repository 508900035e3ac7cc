"""``devsim devices``."""

from devsim.cli.options import Json
from devsim.cli.output import print_json
from devsim.core.shipped import device_names, read_device


def command(json: Json = False) -> None:
    """List the devices that devsim knows, and where each figure comes from."""
    found = [read_device(name) for name in device_names()]
    if json:
        print_json({"devices": [device.model_dump(mode="json") for device in found]})
        return
    from devsim.report.console import stdout
    from devsim.report.device_view import show_device

    for device in found:
        show_device(device, stdout())
