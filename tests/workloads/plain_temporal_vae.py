"""The temporal decoder written out from its state dict: one frame and one tap at a time."""

import torch
from torch.nn import functional as F


class PlainTemporalVae:
    """Decodes as the published model does, with no 3-D convolution and no group norm layer."""

    def __init__(self, state, groups):
        self.state = state
        self.groups = groups

    def __call__(self, z, frames):
        x = z * self.state["scale"] + self.state["shift"]
        x = self.conv("temporal_vae.post_quant_conv", x)
        x = self.conv("temporal_vae.decoder.conv1", x)
        x = self.blocks("temporal_vae.decoder.res_blocks", x)
        for level in (3, 2, 1, 0):
            x = self.blocks(f"temporal_vae.decoder.block_res_blocks.{level}", x)
            if level > 1:
                x = self.conv(f"temporal_vae.decoder.conv_blocks.{level - 1}", x)
                even, odd = x[:, 0::2], x[:, 1::2]
                x = torch.stack((even, odd), 3).flatten(2, 3)
        x = F.silu(self.norm("temporal_vae.decoder.norm1", x))
        return self.conv("temporal_vae.decoder.conv_out", x)[:, :, -frames:]

    def blocks(self, name, x):
        for index in range(4):
            block = f"{name}.{index}"
            hidden = self.conv(block + ".conv1", F.silu(self.norm(block + ".norm1", x)))
            hidden = self.conv(block + ".conv2", F.silu(self.norm(block + ".norm2", hidden)))
            changes = f"{block}.conv3.conv.weight" in self.state
            x = hidden + (self.conv(block + ".conv3", x) if changes else x)
        return x

    def conv(self, name, x):
        """Each frame is a sum over itself and the frames before it, as far as there are any."""
        weight = self.state[name + ".conv.weight"]
        taps = weight.shape[2]
        made = []
        for time in range(x.shape[2]):
            total = 0
            for tap in range(taps):
                earlier = time - (taps - 1 - tap)
                if earlier >= 0:
                    kernel = weight[:, :, tap]
                    total = total + F.conv2d(
                        x[:, :, earlier], kernel, padding=kernel.shape[-1] // 2
                    )
            made.append(total)
        bias = self.state.get(name + ".conv.bias", torch.zeros(weight.shape[0]))
        return torch.stack(made, 2) + bias[:, None, None, None]

    def norm(self, name, x):
        grouped = x.reshape(x.shape[0], self.groups, -1)
        mean, variance = grouped.mean(-1, keepdim=True), grouped.var(-1, correction=0, keepdim=True)
        normal = ((grouped - mean) / (variance + 1e-5).sqrt()).reshape(x.shape)
        weight, bias = (
            self.state[f"{name}.{key}"][:, None, None, None] for key in ("weight", "bias")
        )
        return normal * weight + bias
