"""STDiT3 written out from its state dict, another way: complex rotations, packed captions."""

import math

import torch
from torch.nn import functional as F


class PlainSTDiT3:
    """The published model's sums on one state dict, with no module and no padding mask."""

    def __init__(self, state, heads):
        self.state = state
        self.heads = heads
        self.depth = sum(key.endswith("attn.qkv.bias") for key in state) // 2

    def __call__(self, z, t, captions, fps, mask):
        batch, _, frames, height, width = z.shape
        time = self.scalar("t_embedder", t) + self.scalar("fps_embedder", fps)
        table = self.linear("t_block.1", F.silu(time)).reshape(batch, 6, -1)
        y = self.mlp("y_embedder.y_proj", captions[:, 0])
        packed = [y[sample][mask[sample] == 1] for sample in range(batch)]
        x = self.patches(z) + positions(height, width, time.shape[-1])
        for index in range(self.depth):
            x = self.block(f"spatial_blocks.{index}.", x, packed, table)
            x = self.block(f"temporal_blocks.{index}.", x, packed, table, time_axis=True)
        shift, scale = (self.state["final_layer.scale_shift_table"] + time[:, None]).unbind(1)
        x = self.linear("final_layer.linear", modulated(x, shift, scale))
        rows, columns = -(-height // 2), -(-width // 2)
        x = x.reshape(batch, frames, rows, columns, 2, 2, -1)
        x = torch.einsum("bfrcpqo->bofrpcq", x).reshape(batch, -1, frames, 2 * rows, 2 * columns)
        return x[..., :height, :width]

    def block(self, name, x, packed, table, *, time_axis=False):
        """``x`` is [batch, frames, tokens of a frame, width]."""
        shifts = (self.state[name + "scale_shift_table"] + table).unbind(1)
        tokens = modulated(x, shifts[0], shifts[1])
        tokens = tokens.transpose(1, 2) if time_axis else tokens
        attended = torch.stack(
            [
                torch.stack([self.self_attention(name, row, rotate=time_axis) for row in sample])
                for sample in tokens
            ]
        )
        attended = attended.transpose(1, 2) if time_axis else attended
        x = x + shifts[2][:, None, None] * attended
        x = x + torch.stack(
            [self.cross_attention(name, *pair) for pair in zip(x, packed, strict=True)]
        )
        change = self.mlp(name + "mlp", modulated(x, shifts[3], shifts[4]))
        return x + shifts[5][:, None, None] * change

    def self_attention(self, name, x, *, rotate):
        query, key, value = (
            self.split(part) for part in self.linear(name + "attn.qkv", x).chunk(3, -1)
        )
        query = self.rms_norm(name + "attn.q_norm", query)
        key = self.rms_norm(name + "attn.k_norm", key)
        if rotate:
            query, key = self.rotated(query), self.rotated(key)
        return self.linear(name + "attn.proj", attention(query, key, value))

    def cross_attention(self, name, x, y):
        query = self.split(self.linear(name + "cross_attn.q_linear", x.flatten(0, 1)))
        key, value = (
            self.split(part) for part in self.linear(name + "cross_attn.kv_linear", y).chunk(2, -1)
        )
        out = self.linear(name + "cross_attn.proj", attention(query, key, value))
        return out.reshape(x.shape)

    def rotated(self, x):
        """Turn channel pairs, as complex numbers, by position times frequency."""
        angles = torch.outer(torch.arange(x.shape[0]).float(), self.state["rope.freqs"])
        turns = torch.polar(torch.ones_like(angles), angles)[:, None]
        pairs = torch.view_as_complex(x.reshape(*x.shape[:-1], -1, 2).contiguous())
        return torch.view_as_real(pairs * turns).flatten(-2)

    def patches(self, z):
        z = F.pad(z, (0, z.shape[-1] % 2, 0, z.shape[-2] % 2))
        kernel = self.state["x_embedder.proj.weight"][:, :, 0]
        tokens = sum(
            torch.einsum("bcfhw,oc->bfhwo", z[..., i::2, j::2], kernel[..., i, j])
            for i in range(2)
            for j in range(2)
        )
        return tokens.flatten(2, 3) + self.state["x_embedder.proj.bias"]

    def scalar(self, name, value):
        rates = torch.tensor([10000 ** (-index / 128) for index in range(128)])
        angles = torch.outer(value, rates)
        waves = torch.cat((torch.cos(angles), torch.sin(angles)), -1)
        return self.linear(name + ".mlp.2", F.silu(self.linear(name + ".mlp.0", waves)))

    def mlp(self, name, x):
        hidden = self.linear(name + ".fc1", x)
        cubic = hidden + 0.044715 * hidden**3
        gelu = 0.5 * hidden * (1 + torch.tanh(math.sqrt(2 / math.pi) * cubic))
        return self.linear(name + ".fc2", gelu)

    def rms_norm(self, name, x):
        rms = (x.pow(2).mean(-1, keepdim=True) + 1e-6).sqrt()
        return x / rms * self.state[name + ".weight"]

    def linear(self, name, x):
        return x @ self.state[name + ".weight"].T + self.state[name + ".bias"]

    def split(self, x):
        """[tokens, width] to [tokens, heads, width of a head]."""
        return x.reshape(x.shape[0], self.heads, -1)


def attention(query, key, value):
    scores = torch.einsum("qhd,khd->hqk", query, key) / math.sqrt(query.shape[-1])
    return torch.einsum("hqk,khd->qhd", scores.softmax(-1), value).flatten(1)


def modulated(x, shift, scale):
    mean = x.mean(-1, keepdim=True)
    normal = (x - mean) / (x.var(-1, correction=0, keepdim=True) + 1e-6).sqrt()
    middle = (slice(None),) + (None,) * (x.ndim - 2)
    return normal * (1 + scale[middle]) + shift[middle]


def positions(height, width, channels):
    """One vector for each patch of a frame of ``8 * height`` by ``8 * width`` pixels."""
    rows, columns = -(-height // 2), -(-width // 2)
    zoom = math.sqrt(8 * height * 8 * width) / 512
    side = round(math.sqrt(rows * columns))
    quarter = channels // 4
    vectors = []
    for row in range(rows):
        for column in range(columns):
            vector = []
            for place in (column / zoom * side / columns, row / zoom * side / rows):
                angles = [place * 10000 ** (-index / quarter) for index in range(quarter)]
                vector += [*map(math.sin, angles), *map(math.cos, angles)]
            vectors.append(vector)
    return torch.tensor(vectors)
