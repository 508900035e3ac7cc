"""Pictures of plans: whole files of their kind, with what the plan has in them."""

import io
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from PIL import Image
from rich.console import Console
from strategies import make_profile, make_variant

from devsim.core.errors import BadInputError
from devsim.planner.planner import plan
from devsim.report.picture.write import write_picture
from devsim.report.plan_picture import plan_picture
from devsim.report.plan_story import curve_of, excerpt_of, trace_of
from devsim.report.plan_view import show_plan

BLOCKS = [make_variant(resident=10, cold=20, cached=20, compute=10) for _ in range(6)]
MADE = plan(make_profile((4, BLOCKS)), 40)


def test_svg_names_every_policy_and_stays_on_its_page(tmp_path):
    canvas = plan_picture(MADE)
    write_picture(canvas, "a <plan>", tmp_path / "plan.svg", force=False)
    root = ET.parse(tmp_path / "plan.svg").getroot()
    texts = [each.text for each in root.iter("{http://www.w3.org/2000/svg}text")]
    assert {"this plan", "serial", "strided", "compute", "load"} <= set(texts)
    for box in root.iter("{http://www.w3.org/2000/svg}rect"):
        if box.get("x"):
            assert float(box.get("x")) + float(box.get("width")) <= canvas.width
            assert float(box.get("y")) + float(box.get("height")) <= canvas.height


def test_html_and_png_are_written_whole(tmp_path):
    canvas = plan_picture(MADE)
    write_picture(canvas, "plan", tmp_path / "plan.html", force=False)
    assert (tmp_path / "plan.html").read_text().endswith("</html>\n")
    write_picture(canvas, "plan", tmp_path / "plan.png", force=False)
    image = Image.open(io.BytesIO((tmp_path / "plan.png").read_bytes()))
    assert image.size == (2 * canvas.width, 2 * canvas.height)
    with pytest.raises(BadInputError, match="is no kind of picture"):
        write_picture(canvas, "plan", Path("plan.gif"), force=False)


def test_the_curve_holds_every_peak():
    trace = trace_of(MADE)
    assert max(curve_of(trace, 0, trace.makespan_ns, 40)) == trace.peak_bytes
    assert len(curve_of(trace, 0, trace.makespan_ns, 7)) == 7


@pytest.mark.parametrize(("iterations", "middle"), [(1, 0), (2, 1), (3, 1), (7, 3), (10, 5)])
def test_the_excerpt_is_the_middle_iteration(iterations, middle):
    made = plan(make_profile((iterations, BLOCKS[:2])), 40)
    assert excerpt_of(made, trace_of(made)).iteration == middle


def test_the_excerpt_is_one_iteration():
    excerpt = excerpt_of(MADE, trace_of(MADE))
    computes = [span for span in excerpt.spans if span.kind == "compute"]
    assert [span.chunk for span in computes] == list(range(len(MADE.pipeline.stages[0].chunks)))
    assert {span.iteration for span in computes} == {2}


def test_the_view_fits_eighty_columns():
    console = Console(file=io.StringIO(), width=80, highlight=False)
    show_plan(MADE, console)
    text = console.file.getvalue()
    assert all(len(line) <= 80 for line in text.splitlines())
    assert "this plan" in text
