"""Options that several verbs take, and how their texts are read."""

from pathlib import Path
from typing import Annotated, TypedDict

import typer

from devsim.api.targets import VideoSize
from devsim.core.errors import BadInputError
from devsim.core.video import Video, parse_video

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object, nothing else.")]
Force = Annotated[bool, typer.Option("--force", help="Overwrite the output.")]
Output = Annotated[
    Path | None, typer.Option("-o", "--output", help="Write the result here.", show_default=False)
]
Threads = Annotated[
    int | None,
    typer.Option(min=1, help="Threads of one compute.", show_default=False),
]
Resolution = Annotated[
    str | None,
    typer.Option(help="144p to 720p, or height by width: 192x192.", show_default=False),
]
AspectRatio = Annotated[
    str | None, typer.Option(help="Of a named resolution, such as 9:16.", show_default=False)
]
Frames = Annotated[str | None, typer.Option(help="Seconds or frames: 4s, 68.", show_default=False)]
Latent = Annotated[
    str | None,
    typer.Option(help="TxHxW instead: 20x32x32 is 256x256, 68 frames.", show_default=False),
]


class VideoOptions(TypedDict, total=False):
    """The size of a video, as workloads' options take it."""

    video: Video
    shape: tuple[int, int, int]


def video_options(
    resolution: str | None, aspect_ratio: str | None, frames: str | None, latent: str | None
) -> VideoOptions:
    """Read the size of the video; empty when none of the options is given.

    Raises:
        BadInputError: one of them is unknown, or the latent and another one are given.
    """
    given = {"resolution": resolution, "aspect_ratio": aspect_ratio, "frames": frames}
    said = {name: text for name, text in given.items() if text is not None}
    if latent and said:
        raise BadInputError(
            f"--latent comes with --{next(iter(said)).replace('_', '-')}", "leave one out"
        )
    if latent:
        return {"shape": parse_latent(latent)}
    return {"video": parse_video(**said)} if said else {}


def video_size(
    resolution: str | None, aspect_ratio: str | None, frames: str | None, latent: str | None
) -> VideoSize | None:
    """The same as the library takes it; None when none of the options is given.

    Raises:
        BadInputError: the latent is not three whole numbers above 0.
    """
    size = VideoSize(resolution, aspect_ratio, frames, parse_latent(latent) if latent else None)
    return None if size == VideoSize() else size


def parse_choices(texts: list[str]) -> dict[str, str]:
    """Read ``STAGE=NAME`` options.

    Raises:
        BadInputError: a text is not a stage name, an equals sign and another name.
    """
    chosen = {}
    for text in texts:
        stage, _, name = text.partition("=")
        if not stage or not name:
            raise BadInputError(f"'{text}' is not STAGE=NAME", "write for example t5=int8")
        chosen[stage] = name
    return chosen


def parse_iterations(texts: list[str]) -> dict[str, int]:
    """Read ``STAGE=N`` options.

    Raises:
        BadInputError: a text is not a stage name, an equals sign and a whole number above 0.
    """
    counts = {}
    for text in texts:
        stage, _, count = text.partition("=")
        if not stage or not count.isascii() or not count.isdigit() or int(count) < 1:
            raise BadInputError(f"'{text}' is not STAGE=N", "write for example stdit=30")
        counts[stage] = int(count)
    return counts


def parse_latent(text: str) -> tuple[int, int, int]:
    """Read a latent shape ``TxHxW``.

    Raises:
        BadInputError: the text is not three whole numbers above 0.
    """
    parts = text.lower().split("x")
    if len(parts) != 3 or not all(p.isascii() and p.isdigit() and int(p) > 0 for p in parts):
        raise BadInputError(f"'{text}' is not a latent shape", "write TxHxW, for example 20x24x24")
    frames, height, width = (int(part) for part in parts)
    return frames, height, width
