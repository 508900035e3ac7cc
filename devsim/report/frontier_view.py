"""Budget against makespan, as a table and as a picture."""

import math
from itertools import pairwise

from rich.console import Console

from devsim.core.units import format_bytes, format_ns
from devsim.planner.frontier import Point
from devsim.report.console import plain_table
from devsim.report.picture.canvas import BUDGET, COMPUTE, FAINT, GRID, Box, Canvas, Line, Text

_LEFT, _RIGHT, _TOP, _BOTTOM = 110, 960, 84, 460
_TICKS = 5


def show_frontier(points: list[Point], console: Console) -> None:
    """Print the Pareto set: every budget from which a faster plan is possible."""
    table = plain_table("budget", "makespan", "no plan beats", "gap")
    for point in points:
        table.add_row(
            format_bytes(point.budget_bytes),
            format_ns(point.makespan_ns),
            format_ns(point.lower_bound_ns),
            f"{point.makespan_ns / max(point.lower_bound_ns, 1) - 1:.1%}",
        )
    console.print(table)


def frontier_picture(points: list[Point], title: str) -> Canvas:
    """Draw the Pareto set as steps, with the lower bound below it."""
    canvas = Canvas(1000)
    canvas.height = 520
    least, most = points[0].budget_bytes, points[-1].budget_bytes
    slowest = max(point.makespan_ns for point in points)
    fastest = min(point.lower_bound_ns for point in points)
    floor = max(0, fastest - (slowest - fastest) // 10)

    def x(size_bytes: float) -> float:
        ratio = math.log(max(most, 2) / max(least, 1)) or 1.0
        return _LEFT + (_RIGHT - _LEFT) * math.log(max(size_bytes, 1) / max(least, 1)) / ratio

    def y(time_ns: float) -> float:
        return _BOTTOM - (_BOTTOM - _TOP) * (time_ns - floor) / max(slowest - floor, 1)

    canvas.add(Text(24, 36, title, 20, bold=True))
    canvas.add(
        Text(24, 60, "makespan of the best plan by budget (green); no plan is below the red", 14)
    )
    for tick in range(_TICKS + 1):
        time_ns = floor + (slowest - floor) * tick / _TICKS
        size_bytes = max(least, 1) * (max(most, 2) / max(least, 1)) ** (tick / _TICKS)
        canvas.add(
            Line(((_LEFT, y(time_ns)), (_RIGHT, y(time_ns))), GRID),
            Text(_LEFT - 8, y(time_ns) + 4, format_ns(round(time_ns)), 12, FAINT, "end"),
            Text(x(size_bytes), _BOTTOM + 20, format_bytes(round(size_bytes)), 12, FAINT, "middle"),
        )
    canvas.add(
        Line(_steps([(x(p.budget_bytes), y(p.lower_bound_ns)) for p in points]), BUDGET, 1.5),
        Line(_steps([(x(p.budget_bytes), y(p.makespan_ns)) for p in points]), COMPUTE, 2.0),
    )
    for point in points:
        canvas.add(Box(x(point.budget_bytes) - 3, y(point.makespan_ns) - 3, 6, 6, COMPUTE))
    canvas.add(
        Text((_LEFT + _RIGHT) / 2, _BOTTOM + 44, "budget (logarithmic)", 13, anchor="middle")
    )
    return canvas


def _steps(points: list[tuple[float, float]]) -> tuple[tuple[float, float], ...]:
    """A makespan holds until the next budget."""
    corners = [points[0]]
    for (_, before), (x, y) in pairwise(points):
        corners += [(x, before), (x, y)]
    return (*corners, (float(_RIGHT), points[-1][1]))
