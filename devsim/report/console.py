"""The terminal that reports are printed on."""

from rich.console import Console
from rich.table import Table


def stdout() -> Console:
    """A console on standard output; rich honours NO_COLOR and the terminal's width."""
    return Console(highlight=False)


def plain_table(*headers: str) -> Table:
    """A borderless table: the first column on the left, figures on the right."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for number, header in enumerate(headers):
        table.add_column(header, justify="left" if number == 0 else "right")
    return table
