"""What renderers print at 80 columns, compared with the files in ``snapshots``.

``DEVSIM_SNAPSHOTS=write pytest tests/report`` writes them anew; read what
changed before you keep it.
"""

import io
import os
from collections.abc import Callable
from pathlib import Path

from devsim.report.console import SafeConsole

FOLDER = Path(__file__).parent / "snapshots"
WRITES = os.environ.get("DEVSIM_SNAPSHOTS") == "write"


def printed(show: Callable[..., None], *what: object) -> str:
    """What a renderer prints, without blanks at the ends of lines."""
    console = SafeConsole(file=io.StringIO(), width=80)
    show(*what, console)
    return "".join(f"{line.rstrip()}\n" for line in console.file.getvalue().splitlines())


def assert_prints(name: str, show: Callable[..., None], *what: object) -> None:
    path = FOLDER / f"{name}.txt"
    text = printed(show, *what)
    if WRITES:
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")
