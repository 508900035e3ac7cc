"""What two files must have in common to be compared."""

from collections.abc import Mapping, Sequence

from devsim.core.errors import BadInputError


def require_same_workload(before: str, after: str) -> None:
    """Raise BadInputError when they are of two workloads."""
    if before != after:
        raise BadInputError(
            f"BEFORE is of workload '{before}', AFTER of '{after}'", "compare two of one workload"
        )


def require_same_stages(before: Sequence[str], after: Sequence[str]) -> None:
    """Raise BadInputError when their stages differ, or the order of them."""
    if list(before) != list(after):
        raise BadInputError(
            f"BEFORE has the stages {', '.join(before) or 'none'}; "
            f"AFTER {', '.join(after) or 'none'}",
            "compare two of the same stages",
        )


def require_same_blocks(
    before: Mapping[str, Sequence[str]], after: Mapping[str, Sequence[str]]
) -> None:
    """Raise BadInputError when the stages, or the blocks of one, differ; names the first block.

    Args:
        before: the names of each stage's blocks, in compute order.
        after: as before.
    """
    require_same_stages(list(before), list(after))
    for stage, blocks in before.items():
        for side, mine, others in (
            ("AFTER", blocks, after[stage]),
            ("BEFORE", after[stage], blocks),
        ):
            missing = next((block for block in mine if block not in others), None)
            if missing is not None:
                raise BadInputError(
                    f"stage {stage} has no block '{missing}' in {side}",
                    "compare two of the same blocks",
                )
        if list(blocks) != list(after[stage]):
            raise BadInputError(
                f"stage {stage} has its blocks in another order in AFTER",
                "compare two of the same blocks",
            )
