"""``on-device-sora``: the schedule of the On-device Sora app, as its source has it.

Source: arXiv 2502.04363 (CI-DL) and the app of github.com/eai-lab/On-device-Sora. A block is
loaded while the one before it computes, except: during the first iteration, the first and last
packages of a stage (embedders, final layers), the first block of an iteration, blocks that are
resident, and the whole VAE. The first blocks of a denoiser stay resident while memory lasts.
"""

from typing import NamedTuple

from devsim.core.pipeline import Pipeline, Stage
from devsim.policy.protocol import Position, Progress

_IN_LINE = frozenset({"part1", "part2", "embed", "final_norm"})
_SERIAL_STAGES = frozenset({"vae_temporal", "vae_spatial"})
_ONE_PASS_STAGES = frozenset({"t5"})


class _Rule(NamedTuple):
    """How the app treats one stage; chunk numbers, ``blocks`` without the in-line packages."""

    blocks: range
    resident: range
    prefetches: bool
    first_iteration_too: bool


class OnDeviceSora:
    """Concurrent inference (CI) with dynamic loading (DL), prefetch depth one.

    Args:
        pipeline: cut into one chunk a block, as the app has it.
        budget_bytes: what the app may hold.
    """

    name = "on-device-sora"

    def __init__(self, pipeline: Pipeline, budget_bytes: int) -> None:
        available = budget_bytes - pipeline.base_bytes
        self._rules = [_rule(stage, available, pipeline.base_bytes) for stage in pipeline.stages]

    def keeps(self, at: Position) -> bool:
        """Whether the chunk is in the resident prefix."""
        return at.chunk in self._rules[at.stage].resident

    def may_load(self, at: Position, progress: Progress) -> bool:
        """In line when the compute waits for it, or while the block before it computes."""
        if at.number == progress.current.number:
            return True
        rule = self._rules[at.stage]
        return (
            progress.computing
            and at.number == progress.current.number + 1
            and rule.prefetches
            and at.chunk in rule.blocks[1:]
            and at.chunk >= rule.resident.stop
            and (at.iteration > 0 or rule.first_iteration_too)
        )


def _rule(stage: Stage, available_bytes: int, base_bytes: int) -> _Rule:
    numbers = [
        number for number, chunk in enumerate(stage.chunks) if not _IN_LINE & set(chunk.blocks)
    ]
    blocks = range(numbers[0], numbers[-1] + 1) if numbers else range(0)
    iterates = stage.name not in _SERIAL_STAGES | _ONE_PASS_STAGES
    kept = _resident_count(stage, blocks, available_bytes, base_bytes) if iterates else 0
    return _Rule(
        blocks=blocks,
        resident=range(blocks.start, blocks.start + kept),
        prefetches=stage.name not in _SERIAL_STAGES,
        first_iteration_too=stage.name in _ONE_PASS_STAGES,
    )


def _resident_count(stage: Stage, blocks: range, available_bytes: int, base_bytes: int) -> int:
    """The app's dynamic loading: keep a block while ``remain - L > need + 2 L``.

    ``L`` is a block's size, ``remain`` what is available less what has been kept, ``need`` the
    footprint after the first block's predict: Core ML keeps a model's intermediate buffers with it.
    """
    if not blocks:
        return 0
    first = stage.chunks[blocks.start].cost
    block_bytes = first.resident_bytes
    need = base_bytes + block_bytes + first.activation_bytes
    kept, remain = 0, available_bytes
    while kept < len(blocks) and remain - block_bytes > need + 2 * block_bytes:
        kept += 1
        remain -= block_bytes
    return kept
