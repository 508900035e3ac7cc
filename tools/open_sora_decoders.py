"""What every block of Open-Sora 1.2's two decoders holds and has to do, by arithmetic.

The formulas follow the temporal autoencoder of Open-Sora 1.2 and the spatial one of Stable
Diffusion that it decodes with, cut as the app of github.com/eai-lab/On-device-Sora cuts them.
"""

import math
from collections.abc import Iterator
from typing import NamedTuple

from open_sora_blocks import CPU, FLOAT_BYTES, GPU, LATENT_CHANNELS, BlockFacts, part

from devsim.core.profile import Work
from devsim.core.video import MICRO_LATENTS, Latent

MICRO_BATCH = 4  # frames that the spatial decoder takes at a time
_ON_GPU = {"temporal": {"2_2"}, "spatial": {"1", "2", "3_1", "3_2", "4"}}


class Layer(NamedTuple):
    """A layer: its parameters, its FLOPs and attention's, and the tensor it makes, in values."""

    parameters: int
    flops: int
    attention: int
    values: int


def conv(cin: int, cout: int, kernel: int, positions: int, bias: bool = True) -> Layer:
    """A convolution whose padding counts, over ``positions`` outputs."""
    weights = kernel * cin * cout
    return Layer(weights + cout * bias, 2 * weights * positions, 0, cout * positions)


def resnet(cin: int, cout: int, kernel: int, positions: int, bias: bool) -> tuple[Layer, ...]:
    """Two normed convolutions, and a projection of the input where the width changes."""
    layers = (conv(cin, cout, kernel, positions, bias), conv(cout, cout, kernel, positions, bias))
    norms = Layer(2 * cin + 2 * cout, 0, 0, cin * positions)
    shortcut = () if cin == cout else (conv(cin, cout, 1, positions, bias),)
    return (*layers, norms, *shortcut)


def temporal_blocks(latent: Latent) -> Iterator[BlockFacts]:
    """The temporal decoder for five latent frames; 3x3x3 convolutions."""
    kernel, pixels = 27, latent.height * latent.width

    def res(cin: int, cout: int, frames: int, count: int) -> Iterator[Layer]:
        for number in range(count):
            yield from resnet(cin if number == 0 else cout, cout, kernel, frames * pixels, False)

    few, more, most = (MICRO_LATENTS * factor for factor in (1, 2, 4))
    grow1 = conv(512, 1024, kernel, few * pixels)
    grow2 = conv(256, 512, kernel, more * pixels)
    enter = conv(LATENT_CHANNELS, 512, kernel, few * pixels)
    quant = conv(LATENT_CHANNELS, LATENT_CHANNELS, 1, few * pixels)
    leave = conv(128, LATENT_CHANNELS, kernel, most * pixels)
    cuts = {
        "1": (quant, enter, *res(512, 512, few, 4)),
        "2_1": (*res(512, 512, few, 4), grow1),
        "2_2": (*res(512, 256, more, 4), grow2),
        "2_3_1": tuple(res(256, 256, most, 1)),
        "2_3_2": tuple(res(256, 256, most, 1)),
        "2_3_3": tuple(res(256, 256, most, 1)),
        "2_3_4": tuple(res(256, 256, most, 1)),
        "2_4": tuple(res(256, 128, most, 4)),
        "3": (Layer(2 * 128, 0, 0, 128 * most * pixels), leave),
    }
    sizes = [4 * few, 512 * few, 512 * more, *[256 * most] * 5, 128 * most, 4 * most]
    yield from _blocks("temporal", cuts, [size * pixels for size in sizes])


def spatial_blocks(latent: Latent) -> Iterator[BlockFacts]:
    """The spatial decoder for four frames; 3x3 convolutions, each level twice as wide."""
    kernel = 9
    at = [MICRO_BATCH * latent.height * latent.width * 4**level for level in range(4)]

    def level(cin: int, cout: int, positions: int) -> Iterator[Layer]:
        for number in range(3):
            yield from resnet(cin if number == 0 else cout, cout, kernel, positions, True)

    def up(width: int, positions: int) -> Layer:
        return conv(width, width, kernel, positions)

    heads = (conv(512, 4 * 512, 1, at[0]), Layer(0, 0, 4 * 512 * at[0] ** 2 // MICRO_BATCH, at[0]))

    enter = conv(LATENT_CHANNELS, 512, kernel, at[0])
    cuts = {
        "1": (conv(LATENT_CHANNELS, LATENT_CHANNELS, 1, at[0]), enter),
        "2": (
            *resnet(512, 512, kernel, at[0], True),
            *heads,
            *resnet(512, 512, kernel, at[0], True),
        ),
        "3_1": (*level(512, 512, at[0]), up(512, at[1])),
        "3_2": (*level(512, 512, at[1]), up(512, at[2])),
        "3_3": (*level(512, 256, at[2]), up(256, at[3])),
        "3_4_1": resnet(256, 128, kernel, at[3], True),
        "3_4_2": resnet(128, 128, kernel, at[3], True),
        "3_4_3": resnet(128, 128, kernel, at[3], True),
        "4": (Layer(2 * 128, 0, 0, 128 * at[3]), conv(128, 3, kernel, at[3])),
    }
    widths = [(4, 0), (512, 0), (512, 0), (512, 1), (512, 2), (256, 3), *[(128, 3)] * 3, (3, 3)]
    yield from _blocks("spatial", cuts, [width * at[level] for width, level in widths])


def _blocks(
    decoder: str, cuts: dict[str, tuple[Layer, ...]], sizes: list[int]
) -> Iterator[BlockFacts]:
    """Blocks from their layers; ``sizes`` are the values before the first, and after each."""
    for (name, layers), taken, made in zip(cuts.items(), sizes[:-1], sizes[1:], strict=True):
        parameters = sum(layer.parameters for layer in layers)
        largest = max(layer.values for layer in layers)
        yield BlockFacts(
            name,
            parameters,
            parameters * FLOAT_BYTES,
            GPU if name in _ON_GPU[decoder] else CPU,
            _work(layers, taken + made),
            (taken + made) * FLOAT_BYTES,
            (taken + made + largest) * FLOAT_BYTES,
        )


def _work(layers: tuple[Layer, ...], values: int) -> tuple[Work, ...]:
    attention = sum(layer.attention for layer in layers)
    convolved = sum(layer.flops for layer in layers)
    traffic = 2 * FLOAT_BYTES * (values + sum(layer.values for layer in layers))
    return (
        part("conv", convolved, area=1),
        *([part("attention", attention, area=2)] if attention else []),
        part("traffic", traffic, area=1),
    )


def temporal_iterations(latent: Latent) -> int:
    """Micro-batches of the temporal decoder."""
    return math.ceil(latent.frames / MICRO_LATENTS)
