"""A pipeline of two small blocks, and what became of them."""

from dataclasses import dataclass, field

import torch
from torch import nn

from devsim.core.manifest import Port


class Toy(nn.Module):
    def __init__(self, seed):
        super().__init__()
        torch.manual_seed(seed)
        self.linear = nn.Linear(32, 32)

    def forward(self, x):
        return nn.functional.gelu(self.linear(x), approximate="tanh")


@dataclass
class ToyBlock:
    name: str
    seed: int = 0
    built: int = 0
    inputs: tuple = (Port(name="x", tensor="x", shape=(2, 32), dtype="float32"),)
    outputs: tuple = (Port(name="x_out", tensor="x", shape=(2, 32), dtype="float32"),)

    def build(self):
        self.built += 1
        return Toy(self.seed).eval().requires_grad_(False)


@dataclass
class ToyStage:
    name: str
    blocks: list
    iterations: int = 3
    precision: str = "fp32"
    alternatives: dict = field(default_factory=dict)


@dataclass
class ToyPipeline:
    workload: str = "toy"
    size: str = "full"
    shape: str = "2x32"
    weights: str = "random seed 0"
    stages: list = field(
        default_factory=lambda: [ToyStage("only", [ToyBlock("first", 1), ToyBlock("second", 2)])]
    )

    @property
    def built(self):
        return [block.built for stage in self.stages for block in stage.blocks]
