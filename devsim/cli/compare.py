"""``devsim compare``."""

from fractions import Fraction
from pathlib import Path
from typing import Annotated

import typer

import devsim
from devsim.cli.conditions import parse_fraction
from devsim.cli.options import Force, Json, Output
from devsim.cli.output import note, print_json
from devsim.core.errors import BadInputError
from devsim.core.files import refuse_overwrite


def command(
    before: Annotated[
        Path, typer.Argument(help="A profile, a plan or a trace.", show_default=False)
    ],
    after: Annotated[Path, typer.Argument(help="Another of its kind.", show_default=False)],
    threshold: Annotated[str, typer.Option(help="Relative change to tolerate, such as 5%.")] = "5%",
    output: Output = None,
    force: Force = False,
    json: Json = False,
) -> None:
    """Compare two profiles, two plans or two traces: what changed by more than noise.

    The exit status is 1 when a makespan, a peak, a total or a block's time got worse.
    """
    if output:
        _require_json(output)
        refuse_overwrite(output, force=force)
    result = devsim.compare(before, after, threshold=_share(threshold))
    if output:
        result.write(output, force=force)
        note(f"written to {output}")
    if json:
        print_json(result.to_dict())
    else:
        from devsim.report.comparison_view import show_comparison
        from devsim.report.console import stdout

        show_comparison(result.comparison, result.threshold, stdout())
    if result.regressions:
        raise typer.Exit(1)


def _share(text: str) -> Fraction:
    """Exactly what was written: 5% is one twentieth."""
    try:
        return Fraction(str(parse_fraction(text)))
    except BadInputError:
        raise BadInputError(f"--threshold {text} is not a share", "write for example 5%") from None


def _require_json(path: Path) -> None:
    if not path.name.endswith((".json", ".json.gz")):
        raise BadInputError(f"{path}: no format has this ending", "end its name in .json")
