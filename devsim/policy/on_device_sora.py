"""``on-device-sora``: the schedule of the On-device Sora app, as its source has it.

Source: arXiv 2502.04363 (CI-DL) and the app of github.com/eai-lab/On-device-Sora. A block is
loaded while the one before it computes, except: during the first iteration, the first and last
packages of a stage (embedders, final layers), the first block of an iteration, blocks that are
resident, and the whole VAE. The first blocks of a denoiser stay resident while memory lasts.
"""

from typing import ClassVar

from devsim.core.pipeline import Pipeline, Stage
from devsim.policy.protocol import UNLIMITED, Rule

_IN_LINE = frozenset({"part1", "part2", "embed", "final_norm"})
_SERIAL_STAGES = frozenset({"vae_temporal", "vae_spatial"})
_ONE_PASS_STAGES = frozenset({"t5"})
_IN_TIME, _KEPT = Rule(), Rule(keep=True)
_PREFETCH = Rule(window=UNLIMITED, distance=1, while_computing=True)


class OnDeviceSora:
    """Concurrent inference (CI) with dynamic loading (DL), prefetch depth one.

    The app's toggles concern the denoiser: T5 always loads a block ahead, the VAE never.

    Args:
        pipeline: cut into one chunk a block, as the app has it.
        budget_bytes: what the app may hold.
        concurrent: CI; without it no denoiser block is loaded ahead.
        dynamic: DL; without it no denoiser block stays loaded.
    """

    name: ClassVar = "on-device-sora"

    def __init__(
        self,
        pipeline: Pipeline,
        budget_bytes: int,
        *,
        concurrent: bool = True,
        dynamic: bool = True,
    ) -> None:
        available = budget_bytes - pipeline.base_bytes
        self._concurrent = concurrent
        self._stages = pipeline.stages
        self._first_iterations = [stage.first_iteration for stage in pipeline.stages]
        self._first_rules: list[tuple[Rule, ...]] = [()] * len(pipeline.stages)
        self._later_rules: list[tuple[Rule, ...]] = [()] * len(pipeline.stages)
        self._blocks = [_blocks(stage) for stage in pipeline.stages]
        self._kept = [
            _kept(stage, blocks, available, pipeline.base_bytes) if dynamic else range(0)
            for stage, blocks in zip(pipeline.stages, self._blocks, strict=True)
        ]

    def rules(self, stage: int, iteration: int, chunks: int) -> tuple[Rule, ...]:
        """In line when the compute waits for it, or while the block before it computes."""
        first = self._first_iterations[stage] + iteration == 0
        known = self._first_rules if first else self._later_rules
        rules = known[stage]
        if len(rules) != chunks:
            rules = tuple(self._rule(stage, chunk, first=first) for chunk in range(chunks))
            known[stage] = rules
        return rules

    def _rule(self, number: int, chunk: int, *, first: bool) -> Rule:
        stage, kept = self._stages[number], self._kept[number]
        if stage.name in _ONE_PASS_STAGES:
            prefetches = True
        elif stage.name in _SERIAL_STAGES:
            prefetches = False
        else:
            prefetches = self._concurrent and not first
        if prefetches and chunk in self._blocks[number][1:] and chunk >= kept.stop:
            return _PREFETCH
        return _KEPT if chunk in kept else _IN_TIME


def _blocks(stage: Stage) -> range:
    """Chunk numbers without the in-line packages before and after them."""
    numbers = [
        number for number, chunk in enumerate(stage.chunks) if not _IN_LINE & set(chunk.blocks)
    ]
    return range(numbers[0], numbers[-1] + 1) if numbers else range(0)


def _kept(stage: Stage, blocks: range, available_bytes: int, base_bytes: int) -> range:
    """The app's dynamic loading: keep a block while ``remain - L > need + 2 L``.

    ``L`` is a block's size, ``remain`` what is available less what has been kept, ``need`` the
    footprint after the first block's predict: Core ML keeps a model's intermediate buffers with it.
    When the variant changes, ``remain`` is read again, after the first block has been loaded.
    """
    if not blocks or stage.name in _SERIAL_STAGES | _ONE_PASS_STAGES:
        return range(0)
    first = stage.chunks[blocks.start].cost
    block_bytes = first.resident_bytes
    need = base_bytes + block_bytes + first.working_bytes
    kept, remain = 0, available_bytes
    if stage.first_iteration > 0:
        remain -= block_bytes
    while kept < len(blocks) and remain - block_bytes > need + 2 * block_bytes:
        kept += 1
        remain -= block_bytes
    return range(blocks.start, blocks.start + kept)
