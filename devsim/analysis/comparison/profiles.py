"""Two profiles of the same blocks: what each package costs."""

from collections.abc import Iterator

from devsim.analysis.comparison.change import Change, Sampled, Unit, totals
from devsim.analysis.comparison.comparison import Comparison, settings_of
from devsim.analysis.comparison.same import require_same_blocks, require_same_workload
from devsim.core.errors import BadInputError
from devsim.core.profile import BlockProfile, Profile, StageProfile, Variant


def compare_profiles(before: Profile, after: Profile) -> Comparison:
    """Every block's and variant's loads, compute and resident bytes, and their totals.

    Raises:
        BadInputError: other workloads or blocks, or no variant of a block is in both.
    """
    require_same_workload(before.workload, after.workload)
    require_same_blocks(_blocks(before), _blocks(after))
    stages = [list(_stage(*pair)) for pair in zip(before.stages, after.stages, strict=True)]
    parts = [part for stage in stages for part in stage]
    by_stage = [total for stage in stages for total in totals(stage, stage[0].stage)]
    return Comparison(
        kind="profile",
        workload=before.workload,
        settings=settings_of(_settings(before), _settings(after)),
        choices=(),
        totals=(*totals(parts), *by_stage),
        parts=tuple(parts),
    )


def _blocks(profile: Profile) -> dict[str, list[str]]:
    return {stage.name: [block.name for block in stage.blocks] for stage in profile.stages}


def _settings(profile: Profile) -> dict[str, str]:
    return {
        "device": profile.device,
        "size": profile.size,
        "shape": profile.shape,
        **profile.environment,
    }


def _stage(before: StageProfile, after: StageProfile) -> Iterator[Change]:
    for old, new in zip(before.blocks, after.blocks, strict=True):
        if not old.variants.keys() & new.variants.keys():
            raise BadInputError(
                f"stage {before.name}, block {old.name}: no variant is in both "
                f"({', '.join(old.variants)}; {', '.join(new.variants)})",
                "profile a variant that both have",
            )
        yield from _block(before.name, old, new)


def _block(stage: str, before: BlockProfile, after: BlockProfile) -> Iterator[Change]:
    for name in dict.fromkeys((*before.variants, *after.variants)):
        old, new = _figures(before.variants.get(name)), _figures(after.variants.get(name))
        for figure in old or new:
            yield Change(
                figure=figure,
                unit=Unit.BYTES if figure == _RESIDENT else Unit.NS,
                before=old.get(figure),
                after=new.get(figure),
                stage=stage,
                part=f"{before.name} {name}",
                # One package's bytes come and go with its allocator; the totals' do not.
                matters=figure != _RESIDENT,
            )


_RESIDENT = "resident"


def _figures(variant: Variant | None) -> dict[str, Sampled | None]:
    if variant is None:
        return {}
    return {
        "cold load": Sampled.of(variant.cold_load.ns),
        "cached load": Sampled.of(variant.cached_load.ns),
        "compute": Sampled.of(variant.compute.ns),
        _RESIDENT: Sampled.of((variant.resident_bytes.bytes,)),
    }
