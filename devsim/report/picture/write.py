"""A canvas as a file."""

import html
import io
from pathlib import Path

from devsim.core.errors import BadInputError, MissingExtraError
from devsim.core.files import write_atomically
from devsim.report.picture.canvas import PAPER, Area, Box, Canvas, Item, Line, Text

SUFFIXES = (".svg", ".html", ".png")
"""Extensions of files that are pictures."""

_FONT = "Helvetica, Arial, sans-serif"
_SCALE = 2
"""Pixels of a PNG to one of the canvas."""


def is_picture(path: Path) -> bool:
    """Whether a file's extension asks for a picture."""
    return path.suffix.lower() in SUFFIXES


def require_picture(path: Path) -> None:
    """Find out before the work whether such a picture can be made.

    Raises:
        MissingExtraError: a PNG is asked for and Pillow is not installed.
        BadInputError: the extension is none of a picture.
    """
    if not is_picture(path):
        raise BadInputError(
            f"{path}: '{path.suffix}' is no kind of picture", f"use one of: {', '.join(SUFFIXES)}"
        )
    if path.suffix.lower() == ".png":
        try:
            import PIL.ImageFont
        except ImportError as error:
            raise MissingExtraError("a PNG", "pictures") from error
        del PIL


def write_picture(canvas: Canvas, title: str, path: Path, *, force: bool) -> None:
    """Write a canvas in the format that the extension names.

    Raises:
        BadInputError: the file exists and ``force`` is not given, or cannot be written.
        MissingExtraError: a PNG is asked for and Pillow is not installed.
    """
    require_picture(path)
    suffix = path.suffix.lower()
    if suffix == ".png":
        data = _png(canvas)
    elif suffix == ".html":
        data = _page(canvas, title).encode()
    else:
        data = (svg(canvas, title) + "\n").encode()
    write_atomically(path, data, force=force)


def svg(canvas: Canvas, title: str) -> str:
    """The canvas as one SVG element."""
    size = f'width="{canvas.width}" height="{canvas.height}"'
    view = f'viewBox="0 0 {canvas.width} {canvas.height}"'
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} {view} font-family="{_FONT}">',
            f"<title>{html.escape(title)}</title>",
            f'<rect width="100%" height="100%" fill="{PAPER}"/>',
            *map(_element, canvas.items),
            "</svg>",
        ]
    )


def _page(canvas: Canvas, title: str) -> str:
    style = "body{margin:24px auto;max-width:1000px}svg{max-width:100%;height:auto}"
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f"<title>{html.escape(title)}</title><style>{style}</style></head>\n"
        f"<body>\n{svg(canvas, title)}\n</body></html>\n"
    )


def _element(item: Item) -> str:
    if isinstance(item, Box):
        place = f'x="{item.x:.1f}" y="{item.y:.1f}"'
        size = f'width="{max(item.width, 0):.1f}" height="{item.height:.1f}"'
        return f'<rect {place} {size} fill="{item.fill}"/>'
    if isinstance(item, Text):
        weight = ' font-weight="bold"' if item.bold else ""
        return (
            f'<text x="{item.x:.1f}" y="{item.y:.1f}" font-size="{item.size}" '
            f'fill="{item.colour}" text-anchor="{item.anchor}"{weight}>'
            f"{html.escape(item.text)}</text>"
        )
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in item.points)
    if isinstance(item, Area):
        return f'<polygon points="{points}" fill="{item.fill}"/>'
    return (
        f'<polyline points="{points}" fill="none" stroke="{item.colour}" '
        f'stroke-width="{item.width}"/>'
    )


def _png(canvas: Canvas) -> bytes:
    from PIL import Image, ImageDraw, ImageFont

    image = Image.new("RGB", (canvas.width * _SCALE, canvas.height * _SCALE), PAPER)
    draw = ImageDraw.Draw(image)
    for item in canvas.items:
        if isinstance(item, Box):
            if item.width > 0:
                corners = (item.x, item.y, item.x + item.width, item.y + item.height)
                draw.rectangle([_SCALE * each for each in corners], fill=item.fill)
        elif isinstance(item, Text):
            anchor = {"start": "ls", "middle": "ms", "end": "rs"}[item.anchor]
            draw.text(
                (item.x * _SCALE, item.y * _SCALE),
                item.text,
                fill=item.colour,
                font=ImageFont.load_default(item.size * _SCALE),
                anchor=anchor,
                stroke_width=1 if item.bold else 0,
            )
        elif isinstance(item, Line):
            points = [(x * _SCALE, y * _SCALE) for x, y in item.points]
            draw.line(points, fill=item.colour, width=round(item.width * _SCALE))
        elif isinstance(item, Area):
            draw.polygon([(x * _SCALE, y * _SCALE) for x, y in item.points], fill=item.fill)
    data = io.BytesIO()
    image.save(data, "PNG")
    return data.getvalue()
