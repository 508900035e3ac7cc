"""The terminal that reports are printed on; text from files can neither style nor steer it."""

from collections.abc import Iterable
from typing import TextIO

from rich.console import Console, ConsoleOptions, RenderableType
from rich.markup import escape
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from devsim.core.printable import printable_lines
from devsim.report.broken_pipe import leave_quietly


class SafeConsole(Console):
    """A console that reads no markup in strings, and prints control characters as escapes."""

    def __init__(
        self, file: TextIO | None = None, width: int | None = None, stderr: bool = False
    ) -> None:
        super().__init__(
            file=file, width=width, stderr=stderr, highlight=False, markup=False, emoji=False
        )

    def on_broken_pipe(self) -> None:
        """Nobody reads what is printed any more."""
        leave_quietly()

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        """What is printed, piece by piece; only rich's own control codes stay."""
        for segment in super().render(renderable, options):
            if segment.control:
                yield segment
            else:
                yield Segment(printable_lines(segment.text), segment.style)


def stdout() -> SafeConsole:
    """A console on standard output; rich honours NO_COLOR and the terminal's width."""
    return SafeConsole()


def stderr() -> SafeConsole:
    """The same on standard error, for progress."""
    return SafeConsole(stderr=True)


def styled(template: str, *values: object) -> Text:
    """Text with rich markup in the template, such as ``[bold]{}[/]``, and none in the values."""
    filled = template.format(*(escape(str(value)) for value in values))
    return Text.from_markup(filled, emoji=False)


def plain_table(*headers: str) -> Table:
    """A borderless table: the first column on the left, figures on the right."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for number, header in enumerate(headers):
        table.add_column(header, justify="left" if number == 0 else "right")
    return table
