"""A split package in the terminal."""

from rich.console import Console

from devsim.convert.mil.report import Cut, Split
from devsim.core.units import format_bytes
from devsim.report.console import plain_table, styled

_SHOWN = 20
_SHARED = 5


def show_split(split: Split, console: Console) -> None:
    """Print the blocks, what crosses from each to the next, and weights that are in several."""
    console.print(
        styled(
            "[bold]{} blocks[/] of {} operations, {} of weights, {}; {} legal places\n",
            len(split.blocks),
            split.operations,
            format_bytes(split.weight_bytes),
            _flops(split.flops),
            split.legal_places,
        )
    )
    table = plain_table("block", "operations", "weights", "FLOPs", "crossing after it", "tensors")
    crossings = [*map(_crossing, split.cuts), ("-", "-")]
    for block, crossing in list(zip(split.blocks, crossings, strict=True))[:_SHOWN]:
        table.add_row(
            block.name,
            str(block.operations),
            format_bytes(block.weight_bytes),
            _flops(block.flops),
            *crossing,
        )
    console.print(table)
    if len(split.blocks) > _SHOWN:
        console.print(f"and {len(split.blocks) - _SHOWN} more; --json lists them")
    if split.open_loops:
        console.print(
            f"\n{split.open_loops} loops count one round of FLOPs: how often they go round depends "
            "on what is computed",
            soft_wrap=True,
        )
    if split.shared:
        console.print(f"\n{format_bytes(split.duplicated_bytes)} of weights are in several blocks:")
    for shared in split.shared[:_SHARED]:
        console.print(f"  {shared.name}, {format_bytes(shared.bytes)}: {', '.join(shared.blocks)}")


def _crossing(cut: Cut) -> tuple[str, str]:
    return format_bytes(cut.boundary_bytes), str(len(cut.boundary))


def _flops(flops: int) -> str:
    value, unit = float(flops), ""
    for larger in ("K", "M", "G", "T"):
        if value < 999.5:
            break
        value, unit = value / 1000, larger
    return f"{value:.3g} {unit}FLOP"
