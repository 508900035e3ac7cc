"""A device in the terminal."""

from rich.console import Console
from rich.padding import Padding

from devsim.core.device import Device, Figure
from devsim.report.console import styled


def show_device(device: Device, console: Console) -> None:
    """Print every figure with its range and quality, and its source below it."""
    console.print(styled("[bold]{}[/] ({})", device.name, device.title))
    for name, figure in device:
        if isinstance(figure, Figure):
            ranged = f"{_short(figure.low)}..{_short(figure.high)}"
            between = ranged if figure.low or figure.high else ""
            line = f"  {name:<33}{_short(figure.value):>9}  {between:<16}"
            console.print(styled("{}  [bold]{}[/]", line, figure.quality))
            console.print(Padding(figure.source, (0, 0, 0, 6)), style="dim")


def _short(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"
