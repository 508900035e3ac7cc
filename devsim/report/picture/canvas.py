"""What a picture is made of."""

from typing import Literal, NamedTuple

Anchor = Literal["start", "middle", "end"]

INK, FAINT, PAPER = "#1f2430", "#8a90a0", "#ffffff"
GRID = "#e4e7ee"
LOAD, COMPUTE, RESIDENT, STREAMED = "#2b8cbe", "#4a9b5f", "#6a51a3", "#d5cfe8"
MEMORY, BUDGET = "#c994c7", "#c0392b"


class Box(NamedTuple):
    """A filled rectangle, in pixels."""

    x: float
    y: float
    width: float
    height: float
    fill: str


class Line(NamedTuple):
    """A line through points, in pixels."""

    points: tuple[tuple[float, float], ...]
    colour: str
    width: float = 1.0


class Area(NamedTuple):
    """A filled polygon, in pixels."""

    points: tuple[tuple[float, float], ...]
    fill: str


class Text(NamedTuple):
    """One line of text; ``y`` is its baseline."""

    x: float
    y: float
    text: str
    size: int = 13
    colour: str = INK
    anchor: Anchor = "start"
    bold: bool = False


Item = Box | Line | Area | Text


class Canvas:
    """Items in the order in which they are drawn, on a page of some size."""

    def __init__(self, width: int) -> None:
        self.width = width
        self.height = 0
        self.items: list[Item] = []

    def add(self, *items: Item) -> None:
        """Draw on top of what is there."""
        self.items += items
