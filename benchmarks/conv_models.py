"""Ten convolutional models whose activations outweigh their weights; random weights, reduced."""

from collections.abc import Callable
from pathlib import Path

import coremltools as ct
import torch
from torch import Tensor, nn
from torch.nn import functional as F


def conv(inputs: int, outputs: int, size: int = 3, stride: int = 1) -> nn.Sequential:
    """A convolution, normalised and activated."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, size, stride, size // 2), nn.BatchNorm2d(outputs), nn.ReLU()
    )


def twice(inputs: int, outputs: int) -> nn.Sequential:
    """Two of them."""
    return nn.Sequential(conv(inputs, outputs), conv(outputs, outputs))


class UNet(nn.Module):
    """Four levels, joined by concatenation (Ronneberger et al., 2015)."""

    def __init__(self, width: int = 16) -> None:
        super().__init__()
        sizes = [width * 2**n for n in range(4)]
        self.down = nn.ModuleList(map(twice, [3, *sizes[:-1]], sizes))
        self.up = nn.ModuleList(nn.ConvTranspose2d(2 * size, size, 2, 2) for size in sizes[-2::-1])
        self.join = nn.ModuleList(twice(2 * size, size) for size in sizes[-2::-1])
        self.last = nn.Conv2d(width, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        skips = []
        for number, block in enumerate(self.down):
            x = block(F.max_pool2d(x, 2) if number else x)
            skips.append(x)
        for up, join, skip in zip(self.up, self.join, skips[-2::-1], strict=True):
            x = join(torch.cat([up(x), skip], 1))
        return self.last(x)


class FullWidthSkips(nn.Module):
    """Encoder and decoder without a smaller level: every skip is as large as the image."""

    def __init__(self, width: int = 12) -> None:
        super().__init__()
        self.down = nn.ModuleList(conv(3 if n == 0 else width, width) for n in range(5))
        self.up = nn.ModuleList(conv(2 * width, width) for _ in range(5))
        self.last = nn.Conv2d(width, 3, 1)

    def forward(self, x: Tensor) -> Tensor:
        skips = []
        for block in self.down:
            x = block(x)
            skips.append(x)
        for block in self.up:
            x = block(torch.cat([x, skips.pop()], 1))
        return self.last(x)


class EDSR(nn.Module):
    """Super-resolution: residual blocks, then pixels from channels (Lim et al., 2017)."""

    def __init__(self, width: int = 24, blocks: int = 6) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, width, 3, 1, 1)
        self.body = nn.ModuleList(
            nn.Sequential(
                nn.Conv2d(width, width, 3, 1, 1), nn.ReLU(), nn.Conv2d(width, width, 3, 1, 1)
            )
            for _ in range(blocks)
        )
        self.grow = nn.Sequential(nn.Conv2d(width, 4 * width, 3, 1, 1), nn.PixelShuffle(2))
        self.last = nn.Conv2d(width, 3, 3, 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        first = x = self.first(x)
        for block in self.body:
            x = x + block(x)
        return self.last(self.grow(x + first))


class RDN(nn.Module):
    """Super-resolution: each layer takes all before it (Zhang et al., 2018)."""

    def __init__(self, width: int = 16, growth: int = 8, blocks: int = 3) -> None:
        super().__init__()
        self.first = conv(3, width)
        self.layers = nn.ModuleList(
            nn.ModuleList(conv(width + n * growth, growth) for n in range(4)) for _ in range(blocks)
        )
        self.fuse = nn.ModuleList(conv(width + 4 * growth, width, 1) for _ in range(blocks))
        self.meet = conv(blocks * width, width, 1)
        self.last = nn.Sequential(nn.Conv2d(width, 12, 3, 1, 1), nn.PixelShuffle(2))

    def forward(self, x: Tensor) -> Tensor:
        first = x = self.first(x)
        done = []
        for layers, fuse in zip(self.layers, self.fuse, strict=True):
            grown = x
            for layer in layers:
                grown = torch.cat([grown, layer(grown)], 1)
            x = x + fuse(grown)
            done.append(x)
        return self.last(first + self.meet(torch.cat(done, 1)))


class SSD(nn.Module):
    """A detector: heads on five levels of a backbone (Liu et al., 2016)."""

    def __init__(self, width: int = 24) -> None:
        super().__init__()
        sizes = [width, 2 * width, 3 * width, 4 * width, 4 * width]
        self.stem = twice(3, width)
        self.levels = nn.ModuleList(
            nn.Sequential(conv(a, b, stride=2), conv(b, b))
            for a, b in zip([width, *sizes[:-1]], sizes, strict=True)
        )
        self.boxes = nn.ModuleList(nn.Conv2d(size, 6 * 4, 3, 1, 1) for size in sizes)
        self.kinds = nn.ModuleList(nn.Conv2d(size, 6 * 21, 3, 1, 1) for size in sizes)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        x = self.stem(x)
        boxes, kinds = [], []
        for level, box, kind in zip(self.levels, self.boxes, self.kinds, strict=True):
            x = level(x)
            boxes.append(box(x).flatten(2))
            kinds.append(kind(x).flatten(2))
        return torch.cat(boxes, 2), torch.cat(kinds, 2)


class FPN(nn.Module):
    """A detector: a pyramid of features, one head on all its levels (Lin et al., 2017)."""

    def __init__(self, width: int = 24, wide: int = 48) -> None:
        super().__init__()
        sizes = [width, 2 * width, 3 * width, 4 * width]
        self.stem = conv(3, width)
        self.levels = nn.ModuleList(
            nn.Sequential(conv(a, b, stride=2), conv(b, b))
            for a, b in zip([width, *sizes[:-1]], sizes, strict=True)
        )
        self.across = nn.ModuleList(nn.Conv2d(size, wide, 1) for size in sizes)
        self.head = nn.Sequential(conv(wide, wide), conv(wide, wide), nn.Conv2d(wide, 30, 3, 1, 1))

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        x = self.stem(x)
        found = []
        for level in self.levels:
            x = level(x)
            found.append(x)
        merged = self.across[-1](found[-1])
        outputs = [self.head(merged)]
        for across, features in zip(self.across[-2::-1], found[-2::-1], strict=True):
            merged = across(features) + F.interpolate(merged, scale_factor=2)
            outputs.append(self.head(merged))
        return tuple(outputs)


class Hourglass(nn.Module):
    """Two hourglasses, one after another (Newell et al., 2016)."""

    def __init__(self, width: int = 24, depth: int = 3) -> None:
        super().__init__()
        self.stem = conv(3, width)
        self.depth = depth
        self.stages = nn.ModuleList(
            nn.ModuleList(conv(width, width) for _ in range(3 * depth)) for _ in range(2)
        )
        self.last = nn.Conv2d(width, 16, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        for layers in self.stages:
            x = x + self._pass(x, layers, 0)
        return self.last(x)

    def _pass(self, x: Tensor, layers: nn.ModuleList, level: int) -> Tensor:
        beside, inside, after = layers[3 * level : 3 * level + 3]
        small = inside(F.max_pool2d(x, 2))
        if level + 1 < self.depth:
            small = self._pass(small, layers, level + 1)
        return after(beside(x) + F.interpolate(small, scale_factor=2))


class DenseNet(nn.Module):
    """Every layer takes all features so far (Huang et al., 2017)."""

    def __init__(self, width: int = 16, growth: int = 12, layers: int = 8) -> None:
        super().__init__()
        self.stem = conv(3, width)
        self.layers = nn.ModuleList(conv(width + n * growth, growth) for n in range(layers))
        self.last = nn.Linear(width + layers * growth, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        for layer in self.layers:
            x = torch.cat([x, layer(x)], 1)
        return self.last(x.mean((2, 3)))


def vae_decoder() -> nn.Module:
    """The decoder of Stable Diffusion's autoencoder, an eighth as wide."""
    from diffusers import AutoencoderKL

    model = AutoencoderKL(
        block_out_channels=(16, 32, 64, 64),
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        layers_per_block=2,
        norm_num_groups=8,
        latent_channels=4,
    )
    return model.decoder


class Denoiser(nn.Module):
    """A diffusion U-Net without attention, at a fixed time step."""

    def __init__(self) -> None:
        super().__init__()
        from diffusers import UNet2DModel

        self.inner = UNet2DModel(
            sample_size=160,
            block_out_channels=(16, 32, 48),
            down_block_types=("DownBlock2D",) * 3,
            up_block_types=("UpBlock2D",) * 3,
            norm_num_groups=8,
            layers_per_block=2,
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.inner(x, torch.tensor(10), return_dict=False)[0]


MODELS: dict[str, tuple[Callable[[], nn.Module], tuple[int, ...]]] = {
    "unet": (UNet, (1, 3, 512, 512)),
    "full-width-skips": (FullWidthSkips, (1, 3, 512, 512)),
    "vae-decoder": (vae_decoder, (1, 4, 56, 56)),
    "denoiser": (Denoiser, (1, 3, 160, 160)),
    "edsr": (EDSR, (1, 3, 320, 320)),
    "rdn": (RDN, (1, 3, 320, 320)),
    "ssd": (SSD, (1, 3, 640, 640)),
    "fpn": (FPN, (1, 3, 640, 640)),
    "hourglass": (Hourglass, (1, 3, 512, 512)),
    "densenet": (DenseNet, (1, 3, 320, 320)),
}
"""By name, what makes a model and the shape that it takes."""


def convert(name: str, package: Path) -> None:
    """Convert a model in half precision, as coremltools does when it is told nothing."""
    make, shape = MODELS[name]
    torch.manual_seed(0)
    with torch.inference_mode():
        traced = torch.jit.trace(make().eval(), torch.rand(shape))
    ct.convert(
        traced,
        inputs=[ct.TensorType("x", shape)],
        minimum_deployment_target=ct.target.iOS17,
        skip_model_load=True,
    ).save(str(package))
