"""Open-Sora 1.2 as the On-device Sora app runs it: STDiT3 with classifier-free guidance."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import torch
from torch import nn

from devsim.core.errors import BadInputError
from devsim.core.manifest import Port
from devsim.workloads.pipeline import Options, TorchBlock, TorchPipeline, TorchStage
from devsim.workloads.stdit3 import (
    Latent,
    Part1,
    Part2,
    SpatialTemporalPair,
    STDiT3,
    STDiT3Config,
)
from devsim.workloads.weights import Weights, materialise

BATCH = 2  # the prompt and the empty prompt
STEPS = 30
LATENT_256 = Latent(20, 32, 32)

_CONFIGS = {
    "full": STDiT3Config(),
    "tiny": STDiT3Config(width=64, depth=2, heads=4, caption_channels=32),
}


class OpenSora:
    """The workload ``open-sora-v1.2``: one stage, ``stdit``."""

    name = "open-sora-v1.2"
    sizes = tuple(_CONFIGS)

    def pipeline(self, options: Options) -> TorchPipeline:
        """List the stage's blocks: ``part1``, ``st_00`` onwards, ``part2``.

        Raises:
            BadInputError: an unknown size, or a shape or depth that is not positive.
        """
        config = _config(options)
        latent = _latent(options.shape)
        return TorchPipeline(
            workload=self.name,
            size=options.size,
            shape=f"latent {latent.frames}x{latent.height}x{latent.width}",
            weights=options.weights.label,
            stages=(TorchStage("stdit", STEPS, _blocks(config, latent, options.weights)),),
        )


def _config(options: Options) -> STDiT3Config:
    if options.size not in _CONFIGS:
        raise BadInputError(
            f"open-sora-v1.2 has no size '{options.size}'", f"choose one of: {', '.join(_CONFIGS)}"
        )
    config = _CONFIGS[options.size]
    depth = config.depth if options.depth is None else options.depth
    if depth < 1:
        raise BadInputError(f"depth {depth} is not positive", "give at least 1")
    return replace(config, depth=depth)


def _latent(shape: tuple[int, ...] | None) -> Latent:
    if shape is None:
        return LATENT_256
    if len(shape) != 3 or min(shape) < 1:
        raise BadInputError(
            f"{'x'.join(map(str, shape))} is not the shape of a latent",
            "give frames, height and width such as 20x32x32",
        )
    return Latent(*shape)


def _blocks(config: STDiT3Config, latent: Latent, weights: Weights) -> tuple[TorchBlock, ...]:
    width, length = config.width, config.caption_length
    z = _port("z", BATCH, config.latent_channels, *latent)
    t, fps = _port("t", BATCH), _port("fps", 1)
    captions = _port("captions", BATCH, 1, length, config.caption_channels)
    x = _port("x", BATCH, latent.tokens, width)
    y = _port("y", BATCH, length, width)
    t_mlp = _port("t_mlp", BATCH, 6 * width)
    t_emb = _port("t_emb", BATCH, width)
    mask = _port("mask", BATCH, length)
    x_out = x.model_copy(update={"name": "x_out"})
    v = _port("v", BATCH, config.output_channels, *latent)

    def block(
        name: str,
        inputs: tuple[Port, ...],
        outputs: tuple[Port, ...],
        part: Callable[[STDiT3], nn.Module],
    ) -> TorchBlock:
        return TorchBlock(name, inputs, outputs, partial(_build, config, weights, part))

    pairs = (
        block(
            f"st_{index:02d}",
            (x, y, t_mlp, mask),
            (x_out,),
            partial(SpatialTemporalPair, index=index, latent=latent),
        )
        for index in range(config.depth)
    )
    return (
        block("part1", (z, t, captions, fps), (x, y, t_mlp, t_emb), partial(Part1, latent=latent)),
        *pairs,
        block("part2", (x, t_emb), (v,), partial(Part2, latent=latent)),
    )


def _port(name: str, *shape: int) -> Port:
    return Port(name=name, tensor=name, shape=shape, dtype="float32")


def _build(
    config: STDiT3Config, weights: Weights, part: Callable[[STDiT3], nn.Module]
) -> nn.Module:
    with torch.device("meta"):
        model = STDiT3(config)
    return materialise(part(model), model, weights)


WORKLOAD = OpenSora()
