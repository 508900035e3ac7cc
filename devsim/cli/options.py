"""Options that several verbs take, and how their texts are read."""

from pathlib import Path
from typing import Annotated

import typer

from devsim.core.errors import BadInputError

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object, nothing else.")]
Force = Annotated[bool, typer.Option("--force", help="Overwrite the output.")]
Output = Annotated[
    Path | None, typer.Option("-o", "--output", help="Write the result here.", show_default=False)
]
Threads = Annotated[
    int | None,
    typer.Option(min=1, help="Threads of one compute.", show_default=False),
]


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
