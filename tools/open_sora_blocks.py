"""What every block of Open-Sora 1.2 in the On-device Sora app holds and has to do, by arithmetic.

The formulas follow the architectures: T5 v1.1 XXL's encoder (arXiv 2002.05202) and STDiT3-XL/2 of
Open-Sora 1.2 (hpcaitech/Open-Sora, branch opensora/v1.2), cut as the app of
github.com/eai-lab/On-device-Sora cuts them. A multiply-add counts as two FLOPs.
"""

from collections.abc import Iterator
from typing import NamedTuple

from devsim.core.profile import Work, WorkKind
from devsim.core.video import Latent

FLOAT_BYTES = 4
GPU, CPU = "gpu", "cpu"
LATENT_CHANNELS = 4

CAPTION = 300
T5_WIDTH, T5_INNER, T5_HEADS, T5_VOCABULARY, T5_LAYERS = 4096, 10240, 64, 32128, 24
WIDTH, DEPTH, BATCH = 1152, 28, 2

# Measured on the reference runtime: what a compute of each package at latent 20x32x32 holds.
_MEASURED_AT = Latent(20, 32, 32)
_MEASURED = {"part1": 108_425_216, "pair": 509_972_480, "part2": 94_191_616}


class BlockFacts(NamedTuple):
    """One package: what it holds, where it runs and what it has to do at a latent."""

    name: str
    parameters: int
    weight_bytes: int
    unit: str
    work: tuple[Work, ...]
    tensor_bytes: int
    """Of its inputs and outputs."""
    activation_bytes: int
    """Held during a compute, on top of the weights."""


def t5_blocks() -> Iterator[BlockFacts]:
    """The text encoder: the embedding table, 24 blocks, the last norm. Nothing of it grows."""
    hidden = CAPTION * T5_WIDTH * FLOAT_BYTES
    scores = T5_HEADS * CAPTION * CAPTION * FLOAT_BYTES
    inner = CAPTION * T5_INNER * FLOAT_BYTES
    copied = (part("traffic", 2 * hidden),)
    table = T5_VOCABULARY * T5_WIDTH
    yield BlockFacts("embed", table, table, GPU, copied, hidden, 2 * hidden)
    matrices = 4 * T5_WIDTH**2 + 3 * T5_WIDTH * T5_INNER
    work = (
        part("linear_int8", 2 * matrices * CAPTION),
        part("attention", 4 * CAPTION * CAPTION * T5_WIDTH),
        part("traffic", 2 * (hidden + scores)),
    )
    held = 2 * max(scores, inner) + 2 * hidden
    for number in range(T5_LAYERS):
        name, parameters = f"block_{number:02d}", matrices + 2 * T5_WIDTH
        yield BlockFacts(name, parameters, parameters, GPU, work, 2 * hidden + scores, held)
    norm = T5_WIDTH * FLOAT_BYTES
    yield BlockFacts("final_norm", T5_WIDTH, norm, GPU, copied, 2 * hidden, hidden)


def stdit_part1(latent: Latent) -> BlockFacts:
    """Patches, timestep, frame rate and captions embedded."""
    tokens, patch = BATCH * latent.tokens, 4 * LATENT_CHANNELS
    timestep = 256 * WIDTH + WIDTH**2
    caption = T5_WIDTH * WIDTH + WIDTH**2
    biases = 3 * WIDTH + 2 * 2 * WIDTH + 6 * WIDTH + 2 * WIDTH
    parameters = patch * WIDTH + caption + 2 * timestep + 6 * WIDTH**2 + biases
    still = 2 * (BATCH * CAPTION * caption + (BATCH + 1) * timestep + BATCH * 6 * WIDTH**2)
    x, y = tokens * WIDTH * FLOAT_BYTES, BATCH * CAPTION * (WIDTH + T5_WIDTH) * FLOAT_BYTES
    return BlockFacts(
        "part1",
        parameters,
        69_218_496,  # weight.bin of a full-width conversion
        GPU,
        (
            part("linear", still),
            part("linear", 2 * patch * WIDTH * tokens, frames=1, area=1),
            part("traffic", 2 * x, frames=1, area=1),
        ),
        x + y,
        _held("part1", latent),
    )


def stdit_part2(latent: Latent) -> BlockFacts:
    """The final layer: from tokens to patches of twice the latent's channels."""
    tokens, out = BATCH * latent.tokens, 4 * 2 * LATENT_CHANNELS
    x, v = tokens * WIDTH * FLOAT_BYTES, tokens * out * FLOAT_BYTES
    return BlockFacts(
        "part2",
        (WIDTH + 1) * out + 2 * WIDTH,
        157_056,  # weight.bin of a full-width conversion
        GPU,
        (
            part("linear", 2 * WIDTH * out * tokens, frames=1, area=1),
            part("traffic", 3 * x, frames=1, area=1),
        ),
        x + v,
        _held("part2", latent),
    )


def stdit_pairs(latent: Latent, merged: int) -> Iterator[BlockFacts]:
    """The 28 pairs of a spatial and a temporal block.

    Args:
        latent: the size of the video.
        merged: frames that the attention layers see as one: 1, or 2 with TDTM.
    """
    tokens, area = BATCH * latent.tokens, latent.rows * latent.columns
    attending, square = tokens // merged, WIDTH**2
    # a block's matrices, in widths squared: self-attention 4, cross-attention 2, and 2 of the
    # caption; feed-forward 8, which sees every token
    attended = 2 * 2 * (4 + 2) * square * attending + 2 * 2 * 8 * square * tokens
    x = tokens * WIDTH * FLOAT_BYTES
    work = (
        part("linear", attended, frames=1, area=1),
        part("linear", 2 * 2 * 2 * square * BATCH * CAPTION),
        part("attention", 4 * area * WIDTH * attending, frames=1, area=2),
        part("attention", 4 * (latent.frames // merged) * WIDTH * attending, frames=2, area=1),
        part("attention", 2 * 4 * CAPTION * WIDTH * attending, frames=1, area=1),
        part("traffic", 2 * 20 * x, frames=1, area=1),
    )
    biases = 4 * WIDTH + 4 * WIDTH + 5 * WIDTH
    norms = 2 * WIDTH // 16 + 6 * WIDTH
    for number in range(DEPTH):
        yield BlockFacts(
            f"st_{number:02d}",
            2 * (16 * square + biases + norms),
            170_050_368,  # weight.bin of a full-width conversion
            GPU,
            work,
            2 * x + BATCH * CAPTION * WIDTH * FLOAT_BYTES,
            _held("pair", latent),
        )


def part(kind: WorkKind, amount: int, frames: int = 0, area: int = 0) -> Work:
    """Work at the latent at hand, and the powers it grows with."""
    return Work(kind=kind, amount=amount, frames=frames, area=area)


def _held(name: str, latent: Latent) -> int:
    return round(_MEASURED[name] * latent.tokens / _MEASURED_AT.tokens)
