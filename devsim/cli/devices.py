"""``devsim devices``."""

import devsim
from devsim.cli.options import Json
from devsim.cli.output import print_json


def command(json: Json = False) -> None:
    """List the devices that devsim knows, and where each figure comes from."""
    found = devsim.devices()
    if json:
        print_json(found.to_dict())
        return
    from devsim.report.console import stdout
    from devsim.report.device_view import show_device

    for device in found.devices:
        show_device(device, stdout())
