"""What pictures show where, read back from the SVG and the page that are written."""

import xml.etree.ElementTree as ET
from html.parser import HTMLParser

import pytest
from samples import PLAN, POINTS

from devsim.report.frontier_view import frontier_picture
from devsim.report.picture import canvas as colours
from devsim.report.picture.canvas import Box, Canvas, Line, Text
from devsim.report.picture.write import write_picture
from devsim.report.plan_picture import plan_picture

SVG = "{http://www.w3.org/2000/svg}"


class Drawing:
    """An SVG file, in the order drawn."""

    def __init__(self, drawn, folder):
        write_picture(drawn, "a <title> & more", folder / "drawn.svg", force=False)
        self.root = ET.parse(folder / "drawn.svg").getroot()

    def texts(self):
        return [each.text for each in self.root.iter(f"{SVG}text")]

    def boxes(self, fill, height=None):
        """Where boxes of a colour begin and end."""
        return [
            (float(each.get("x")), float(each.get("x")) + float(each.get("width")))
            for each in self.root.iter(f"{SVG}rect")
            if each.get("fill") == fill and height in (None, float(each.get("height")))
        ]

    def lines(self, colour):
        return [
            [tuple(map(float, point.split(","))) for point in each.get("points").split()]
            for each in self.root.iter(f"{SVG}polyline")
            if each.get("stroke") == colour
        ]


@pytest.fixture
def drawn_plan(tmp_path):
    return Drawing(plan_picture(PLAN), tmp_path)


LEFT, RIGHT = 120, 976
LANE, BAR = 26, 18


def along(*shares):
    """Places at shares of the width that lanes and stages have."""
    return [LEFT + share * (RIGHT - LEFT) for share in shares]


def near(*ends):
    """Two ends, to the tenth of a pixel that a file keeps and the pixel between two boxes."""
    return pytest.approx(ends, abs=1.2)


def test_headings_say_what_a_plan_is_and_costs(drawn_plan):
    assert [text for text in drawn_plan.texts() if len(text) > 15] == [
        "made on paper, 17 frames",
        "makespan 430 ms, no plan beats 400 ms (gap 7.5%); peak 450 MB of 450 MB",
        "encoder (fp16), 1 iteration: 2 chunks, 0 resident, window 1",
        "denoiser (int8), 5 iterations: 3 chunks, 1 resident, window 2",
        "memory over the run",
        "iteration 4 of denoiser",
        "makespan beside the named policies",
        "over budget: all-resident",
    ]


def test_chunks_are_as_wide_as_their_bytes_and_residents_dark(drawn_plan):
    (resident,) = drawn_plan.boxes(colours.RESIDENT)
    assert resident == near(*along(0, 1 / 4))
    first, second, middle, last = drawn_plan.boxes(colours.STREAMED, LANE)
    assert (first, second) == (near(*along(0, 1 / 2)), near(*along(1 / 2, 1)))
    assert (middle, last) == (near(*along(1 / 4, 3 / 4)), near(*along(3 / 4, 1)))


def test_lanes_show_what_is_computed_and_loaded_in_60_ms(drawn_plan):
    """The second chunk's load of 40 ms began 10 ms before, and its next one goes on after."""
    computes = drawn_plan.boxes(colours.COMPUTE, LANE)
    loads = drawn_plan.boxes(colours.LOAD, LANE)
    for found, spans_ms in (
        (computes, [(0, 10), (30, 50), (50, 60)]),
        (loads, [(0, 30), (30, 50), (50, 60)]),
    ):
        assert len(found) == len(spans_ms)
        for box, (start, end) in zip(found, spans_ms, strict=True):
            assert box == near(*along(start / 60, end / 60))


def test_bars_are_as_long_as_makespans_and_the_bound_is_among_them(drawn_plan):
    (own,) = drawn_plan.boxes(colours.COMPUTE, BAR)
    serial, strided = drawn_plan.boxes(colours.STREAMED, BAR)
    full = serial[1] - LEFT
    assert own == strided == near(LEFT, LEFT + full * 430 / 750)
    budget, bound = drawn_plan.lines(colours.BUDGET)
    assert [x for x, _ in bound] == pytest.approx([LEFT + full * 400 / 750] * 2, abs=0.2)
    assert len({y for _, y in budget}) == 1


def test_a_frontier_falls_in_steps_above_its_bound(tmp_path):
    drawn = Drawing(frontier_picture(POINTS, "made on paper"), tmp_path)
    (makespan,), (bound,) = drawn.lines(colours.COMPUTE), drawn.lines(colours.BUDGET)
    budgets = sorted({x for x, _ in makespan})
    assert len(budgets) == 3
    # On a logarithmic axis 100, 200 and 400 MB are evenly spaced.
    assert budgets[1] - budgets[0] == pytest.approx(budgets[2] - budgets[1], abs=0.2)
    levels_ms = {900: makespan[0], 500: makespan[2], 300: makespan[4], 600: bound[0], 400: bound[2]}
    per_ms = (makespan[4][1] - makespan[0][1]) / 600
    for level_ms, (_, y) in levels_ms.items():
        assert y == pytest.approx(makespan[0][1] + (900 - level_ms) * per_ms, abs=0.2)
    assert {"made on paper", "100 MB", "400 MB", "900 ms"} <= set(drawn.texts())
    assert len(drawn.boxes(colours.COMPUTE)) == len(POINTS)


class Page(HTMLParser):
    """Tags that were opened and closed, and text by the tag it is in."""

    def __init__(self):
        super().__init__()
        self.open, self.texts = [], {}

    def handle_starttag(self, tag, attrs):
        if tag != "meta":
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        pass

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and data.strip():
            self.texts.setdefault(self.open[-1], []).append(data)


def test_a_page_is_balanced_and_holds_the_title_and_the_drawing(tmp_path):
    drawn = Canvas(200)
    drawn.height = 100
    drawn.add(
        Box(1, 2, 3, 4, "#000000"), Line(((0, 0), (1, 1)), "#ffffff"), Text(5, 6, "<b>bold</b>")
    )
    write_picture(drawn, "a <title> & more", tmp_path / "page.html", force=False)
    page = Page()
    page.feed((tmp_path / "page.html").read_text())
    assert page.open == []
    assert page.texts["title"] == ["a <title> & more"] * 2
    assert page.texts["text"] == ["<b>bold</b>"]
