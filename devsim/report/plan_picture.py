"""A plan as a picture: chunks, memory over the run, one iteration, and the named policies."""

from devsim.core.pipeline import Stage
from devsim.core.plan import Plan, Residency
from devsim.core.trace import Kind, Trace
from devsim.core.units import format_bytes, format_ns
from devsim.report.picture.canvas import (
    BUDGET,
    COMPUTE,
    FAINT,
    GRID,
    INK,
    LOAD,
    MEMORY,
    RESIDENT,
    STREAMED,
    Area,
    Box,
    Canvas,
    Line,
    Text,
)
from devsim.report.plan_story import Excerpt, count_of, curve_of, excerpt_of, trace_of

_WIDTH = 1000
_LEFT, _RIGHT = 120, 976
_SPAN = _RIGHT - _LEFT
_LANE = 26


def plan_picture(plan: Plan) -> Canvas:
    """Draw a plan."""
    canvas = Canvas(_WIDTH)
    prediction = plan.prediction
    title = f"{plan.pipeline.workload} on {plan.device}, {plan.shape}"
    canvas.add(
        Text(24, 36, title, 20, bold=True),
        Text(
            24,
            60,
            f"makespan {format_ns(prediction.makespan_ns)}, no plan beats "
            f"{format_ns(plan.lower_bound_ns)} (gap {plan.gap:.1%}); peak "
            f"{format_bytes(prediction.peak_bytes)} of {format_bytes(plan.asked_bytes)}",
            14,
        ),
    )
    canvas.height = 84
    for stage, residency in zip(plan.pipeline.stages, plan.residency, strict=True):
        _draw_stage(canvas, stage, residency)
    trace = trace_of(plan)
    _draw_memory(canvas, trace, plan.asked_bytes)
    _draw_excerpt(canvas, excerpt_of(plan, trace))
    _draw_policies(canvas, plan)
    canvas.height += 12
    return canvas


def _heading(canvas: Canvas, text: str) -> None:
    canvas.add(Text(24, canvas.height + 20, text, 14, bold=True))
    canvas.height += 32


def _draw_stage(canvas: Canvas, stage: Stage, residency: Residency) -> None:
    resident = set(residency.resident)
    _heading(
        canvas,
        f"{stage.name} ({stage.variant}), {count_of(stage.iterations, 'iteration')}: "
        f"{count_of(len(stage.chunks), 'chunk')}, {len(resident)} resident, "
        f"window {residency.window}",
    )
    total = max(1, sum(chunk.cost.resident_bytes for chunk in stage.chunks))
    x, top = float(_LEFT), canvas.height
    for number, chunk in enumerate(stage.chunks):
        width = _SPAN * chunk.cost.resident_bytes / total
        fill = RESIDENT if number in resident else STREAMED
        gap = 1.0 if width > 3 else 0.0
        canvas.add(Box(x, top, max(width - gap, 0.5), _LANE, fill))
        if width > 18:
            colour = "#ffffff" if number in resident else INK
            middle = x + width / 2
            canvas.add(Text(middle, top + 17, str(number), 11, colour, "middle"))
        x += width
    canvas.add(
        Text(24, top + 12, "by bytes held", 11, FAINT),
        Text(24, top + 25, "dark: resident", 11, FAINT),
    )
    canvas.height = top + _LANE + 10


def _draw_memory(canvas: Canvas, trace: Trace, budget_bytes: int) -> None:
    _heading(canvas, "memory over the run")
    canvas.height += 8
    top, height = canvas.height, 110
    columns = _SPAN // 2
    most = max(budget_bytes, trace.peak_bytes, 1)
    sizes = curve_of(trace, 0, trace.makespan_ns, columns)
    bottom = top + height
    curve: list[tuple[float, float]] = [(float(_LEFT), float(bottom))]
    for column, size in enumerate(sizes):
        y = bottom - height * size / most
        curve += [(_LEFT + 2.0 * column, y), (_LEFT + 2.0 * (column + 1), y)]
    curve.append((_LEFT + 2.0 * columns, float(bottom)))
    line = bottom - height * budget_bytes / most
    canvas.add(
        Area(tuple(curve), MEMORY),
        Line(((_LEFT, line), (_RIGHT, line)), BUDGET, 1.5),
        Text(_LEFT - 8, line + 4, format_bytes(budget_bytes), 12, BUDGET, "end"),
        Text(_LEFT - 8, bottom, "0", 12, FAINT, "end"),
    )
    _axis(canvas, bottom, trace.makespan_ns)


def _draw_excerpt(canvas: Canvas, excerpt: Excerpt) -> None:
    took_ns = excerpt.end_ns - excerpt.start_ns
    _heading(canvas, f"iteration {excerpt.iteration} of {excerpt.stage}")
    for kind, fill in ((Kind.COMPUTE, COMPUTE), (Kind.LOAD, LOAD)):
        top = canvas.height
        canvas.add(
            Box(_LEFT, top, _SPAN, _LANE, GRID),
            Text(_LEFT - 8, top + 17, kind.value, 12, INK, "end"),
        )
        for span in excerpt.spans:
            if span.kind is not kind:
                continue
            start = _LEFT + _SPAN * max(0, span.start_ns - excerpt.start_ns) / took_ns
            end = _LEFT + _SPAN * (min(span.end_ns, excerpt.end_ns) - excerpt.start_ns) / took_ns
            canvas.add(Box(start, top, max(end - start - 1, 0.5), _LANE, fill))
            if end - start > 18:
                middle = (start + end) / 2
                canvas.add(Text(middle, top + 17, str(span.chunk), 11, "#ffffff", "middle"))
        canvas.height += _LANE + 4
    _axis(canvas, canvas.height - 4, took_ns)


def _axis(canvas: Canvas, y: float, took_ns: int) -> None:
    canvas.add(
        Line(((_LEFT, y), (_RIGHT, y)), FAINT),
        Text(_LEFT, y + 15, "0", 11, FAINT),
        Text(_RIGHT, y + 15, format_ns(took_ns), 11, FAINT, "end"),
    )
    canvas.height = round(y) + 24


def _draw_policies(canvas: Canvas, plan: Plan) -> None:
    _heading(canvas, "makespan beside the named policies")
    rows = [("this plan", plan.prediction.makespan_ns)]
    rows += [(b.policy, b.figures.makespan_ns) for b in plan.baselines if b.figures]
    most = max(makespan_ns for _, makespan_ns in rows)
    width = _SPAN - 90
    for name, makespan_ns in rows:
        top = canvas.height
        fill = COMPUTE if name == "this plan" else STREAMED
        length = width * makespan_ns / max(most, 1)
        canvas.add(
            Text(_LEFT - 8, top + 14, name, 12, INK, "end"),
            Box(_LEFT, top, length, 18, fill),
            Text(_LEFT + length + 6, top + 14, format_ns(makespan_ns), 12),
        )
        canvas.height += 22
    x = _LEFT + width * plan.lower_bound_ns / max(most, 1)
    canvas.add(
        Line(((x, canvas.height - 22 * len(rows)), (x, canvas.height)), BUDGET, 1.5),
        Text(x, canvas.height + 12, "lower bound", 11, BUDGET, "middle"),
    )
    missing = [b.policy for b in plan.baselines if b.figures is None]
    canvas.height += 20
    if missing:
        canvas.add(Text(_LEFT, canvas.height + 10, f"over budget: {', '.join(missing)}", 12, FAINT))
        canvas.height += 18
