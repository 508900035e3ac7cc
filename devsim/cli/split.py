"""``devsim split``."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from devsim.cli.options import Force, Json
from devsim.cli.output import note, print_json, progress
from devsim.core.errors import BadInputError

if TYPE_CHECKING:
    from devsim.convert.mil.split import Where

_EVERYWHERE = "all"


class Balance(StrEnum):
    """What the blocks have nearly equal shares of."""

    WEIGHTS = "weights"
    FLOPS = "flops"


def command(
    model: Annotated[Path, typer.Argument(help="An .mlpackage.", show_default=False)],
    output: Annotated[
        Path, typer.Option("-o", "--output", help="The folder to fill.", show_default=False)
    ],
    blocks: Annotated[
        int | None, typer.Option(min=1, help="How many blocks to make.", show_default=False)
    ] = None,
    at: Annotated[
        str | None,
        typer.Option(
            help="Instead: after these values, V1,V2; or all, every legal place.",
            show_default=False,
        ),
    ] = None,
    balance: Annotated[Balance, typer.Option(help="What blocks share.")] = Balance.WEIGHTS,
    function: Annotated[
        str | None, typer.Option(help="Of a package that has several.", show_default=False)
    ] = None,
    force: Force = False,
    json: Json = False,
) -> None:
    """Cut anyone's Core ML package into blocks, with a manifest, ready to profile and plan."""
    from devsim.convert.mil.split import split_package

    where = _where(blocks, at, balance)
    with progress("split") as show:
        split = split_package(model, output, where, function=function, force=force, on_block=show)
    if json:
        print_json({"output": str(output), **split.model_dump(mode="json")})
        return
    from devsim.report.console import stdout
    from devsim.report.split_view import show_split

    note(f"packages and manifest written to {output}")
    show_split(split, stdout())


def _where(blocks: int | None, at: str | None, balance: Balance) -> "Where":
    from devsim.convert.mil.split import After, Everywhere, IntoBlocks

    if (blocks is None) == (at is None):
        raise BadInputError("--blocks and --at both say where to cut", "give one of them")
    if blocks is not None:
        return IntoBlocks(blocks, balance.value)
    if at == _EVERYWHERE:
        return Everywhere()
    return After(tuple((at or "").split(",")))
