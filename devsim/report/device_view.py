"""A device in the terminal."""

from rich.console import Console

from devsim.core.device import Device, Figure
from devsim.report.console import plain_table


def show_device(device: Device, console: Console) -> None:
    """Print every figure with its range, quality and source."""
    console.print(f"[bold]{device.name}[/] ({device.title})")
    table = plain_table("figure", "value", "range", "quality", "source")
    table.columns[3].justify = table.columns[4].justify = "left"
    for name, figure in device:
        if isinstance(figure, Figure):
            between = f"{_short(figure.low)}..{_short(figure.high)}"
            ranged = between if figure.low or figure.high else ""
            table.add_row(name, _short(figure.value), ranged, figure.quality, figure.source)
    console.print(table)


def _short(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"
