"""The options that say what a run has to bear."""

import math
from typing import TYPE_CHECKING, Annotated

import typer

from devsim.core.errors import BadInputError
from devsim.core.plan import Plan
from devsim.core.units import parse_bytes

if TYPE_CHECKING:
    from devsim.execute.measured import Conditions

HardLimit = Annotated[
    str | None,
    typer.Option(help="With --enforce: another limit than the budget.", show_default=False),
]
Shrinks = Annotated[
    str | None,
    typer.Option(help="SIZE@N: the budget shrinks after N computes.", show_default=False),
]
OnPressureOption = Annotated[
    str, typer.Option(help="When the budget shrinks: stop, or shed residents.")
]


def conditions_of(
    plan: Plan, enforce: bool, hard_limit: str | None, shrink: str | None, on_pressure: str
) -> "Conditions":
    """What every run of a plan has to bear.

    Raises:
        BadInputError: an option that cannot be read, or that says nothing without another.
    """
    from devsim.execute.measured import Conditions, Shrink

    if hard_limit and not enforce:
        raise BadInputError("--hard-limit is for --enforce", "add --enforce, or leave it away")
    if on_pressure not in ("stop", "shed"):
        raise BadInputError(f"--on-pressure {on_pressure} is not known", "use stop or shed")
    limit_bytes = parse_bytes(hard_limit) if hard_limit else plan.asked_bytes
    size, _, computes = shrink.partition("@") if shrink else ("", "", "")
    if shrink and not (computes.isascii() and computes.isdigit() and int(computes) > 0):
        raise BadInputError(f"'{shrink}' is not SIZE@N", "write for example 2.5GB@100")
    total = sum(stage.iterations * len(stage.chunks) for stage in plan.pipeline.stages)
    if shrink and int(computes) >= total:
        raise BadInputError(
            f"--shrink {shrink} never happens: the plan has {total} computes",
            "let the budget shrink after fewer",
        )
    return Conditions(
        hard_limit_bytes=limit_bytes if enforce else None,
        shrink=Shrink(parse_bytes(size), int(computes)) if shrink else None,
        on_pressure="shed" if on_pressure == "shed" else "stop",
    )


def parse_fraction(text: str) -> float:
    """Read ``5%`` or ``0.05``.

    Raises:
        BadInputError: it is neither, or negative.
    """
    number, percent, rest = text.partition("%")
    try:
        value = float(number) / (100 if percent else 1)
    except ValueError:
        value = -1.0
    if rest or not 0 <= value < math.inf:
        raise BadInputError(f"'{text}' is not an error to allow", "write for example 5%")
    return value
