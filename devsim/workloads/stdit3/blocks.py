"""STDiT3 as a stage: ``part1``, a block for each spatial and temporal pair, ``part2``."""

from collections.abc import Callable
from functools import partial

import torch
from torch import nn

from devsim.core.manifest import Port
from devsim.core.video import Video
from devsim.workloads.pipeline import TorchBlock, TorchStage, port
from devsim.workloads.stdit3.frames import EveryFrame, FrameGroups, FramePairs
from devsim.workloads.stdit3.model import (
    Part1,
    Part2,
    SpatialTemporalPair,
    STDiT3,
    STDiT3Config,
)
from devsim.workloads.weights import Weights, materialise

BATCH = 2  # the prompt and the empty prompt
STEPS = 30


def stdit_stage(config: STDiT3Config, video: Video, weights: Weights) -> TorchStage:
    """The stage ``stdit``, run once a denoising step.

    Its variant ``tdtm`` has another ``st_00`` onwards, of the same weights, in which attention
    sees each two consecutive frames as one.
    """
    width, length, latent = config.width, config.caption_length, video.latent
    z = port("z", BATCH, config.latent_channels, *latent)
    t, fps = port("t", BATCH), port("fps", 1)
    captions = port("captions", BATCH, 1, length, config.caption_channels)
    x = port("x", BATCH, latent.tokens, width)
    y = port("y", BATCH, length, width)
    t_mlp = port("t_mlp", BATCH, 6 * width)
    t_emb = port("t_emb", BATCH, width)
    mask = port("mask", BATCH, length)
    x_out = port("x_out", *x.shape, tensor="x")
    v = port("v", BATCH, config.output_channels, *latent)

    def block(
        name: str,
        inputs: tuple[Port, ...],
        outputs: tuple[Port, ...],
        part: Callable[[STDiT3], nn.Module],
        kind: str = "",
    ) -> TorchBlock:
        return TorchBlock(name, inputs, outputs, partial(_build, config, weights, part), kind)

    def pairs(frames: FrameGroups) -> tuple[TorchBlock, ...]:
        return tuple(
            block(
                f"st_{index:02d}",
                (x, y, t_mlp, mask),
                (x_out,),
                partial(SpatialTemporalPair, index=index, frames=frames),
                kind="st",
            )
            for index in range(config.depth)
        )

    return TorchStage(
        "stdit",
        STEPS,
        (
            block(
                "part1", (z, t, captions, fps), (x, y, t_mlp, t_emb), partial(Part1, video=video)
            ),
            *pairs(EveryFrame(latent.frames)),
            block("part2", (x, t_emb), (v,), partial(Part2, latent=latent)),
        ),
        {"tdtm": pairs(FramePairs(latent.frames))},
    )


def _build(
    config: STDiT3Config, weights: Weights, part: Callable[[STDiT3], nn.Module]
) -> nn.Module:
    with torch.device("meta"):
        model = STDiT3(config)
    return materialise(part(model), model, weights)
