"""Models converted from torch in the ordinary way, against torch."""

from pathlib import Path
from typing import Any

import coremltools as ct
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from devsim.runtime.reference import ReferenceRuntime


class Transformer(nn.Module):
    """A pre-norm block with attention to a context, rotary embedding and a gated MLP."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(32)
        self.query, self.keys = nn.Linear(32, 32), nn.Linear(32, 64, bias=False)
        self.table = nn.Embedding(10, 32)
        self.gate = nn.Linear(32, 128)
        self.out = nn.Linear(64, 32)

    def forward(self, x: Tensor, tokens: Tensor) -> Tensor:
        context = self.table(tokens)
        q = self.query(self.norm(x)).unflatten(-1, (4, 8)).transpose(1, 2)
        k, v = (t.unflatten(-1, (4, 8)).transpose(1, 2) for t in self.keys(context).chunk(2, -1))
        angles = torch.arange(x.shape[1]).float()[:, None] * torch.tensor([1.0, 0.1, 0.01, 0.001])
        even, odd = q[..., ::2], q[..., 1::2]
        cos, sin = angles.cos(), angles.sin()
        q = torch.stack((even * cos - odd * sin, even * sin + odd * cos), -1).flatten(-2)
        mask = torch.ones(x.shape[1], tokens.shape[1]).tril() > 0
        x = x + F.scaled_dot_product_attention(q, k, v, mask).transpose(1, 2).flatten(2)
        a, b = self.gate(self.norm(x)).chunk(2, -1)
        return x + self.out(F.silu(a) * F.gelu(b, approximate="tanh"))


class Decoder(nn.Module):
    """Convolutions, group norm and upsampling, as a VAE's decoder has them."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(4, 16, 3, padding=1)
        self.norm = nn.GroupNorm(4, 16)
        self.up = nn.ConvTranspose2d(16, 8, 4, stride=2, padding=1)
        self.deep = nn.Conv3d(8, 8, (3, 1, 1), padding=(1, 0, 0), groups=4)
        self.last = nn.Conv2d(8, 3, 3, stride=2)

    def forward(self, x: Tensor) -> Tensor:
        x = F.silu(self.norm(self.first(x)))
        x = self.up(F.interpolate(x, scale_factor=2.0, mode="nearest"))
        x = self.deep(x.unflatten(0, (1, 2)).transpose(1, 2)).transpose(1, 2).flatten(0, 1)
        x = F.pad(x, (1, 2, 0, 1), mode="replicate").clamp(-1, 1)
        return F.avg_pool2d(self.last(x), 2) + x.mean((1, 2, 3), keepdim=True)


TRANSFORMER = (
    torch.randn(2, 6, 32, generator=torch.manual_seed(1)),
    torch.tensor([[1, 2, 9], [0, 4, 4]]),
)
DECODER = (torch.randn(2, 4, 6, 5, generator=torch.manual_seed(2)),)


@pytest.mark.filterwarnings("ignore")  # of the tracer and of coremltools
@pytest.mark.parametrize("target", [ct.target.iOS15, ct.target.iOS18])
@pytest.mark.parametrize(
    ("model", "given"),
    [(Transformer, TRANSFORMER), (Decoder, DECODER)],
    ids=["transformer", "decoder"],
)
@pytest.mark.parametrize(
    ("precision", "tolerance"), [(ct.precision.FLOAT32, 1e-5), (ct.precision.FLOAT16, 5e-3)]
)
def test_a_converted_model_computes_what_torch_does(
    model: type[nn.Module],
    given: tuple[Tensor, ...],
    target: ct.target,
    precision: ct.precision,
    tolerance: float,
    tmp_path: Path,
) -> None:
    torch.manual_seed(0)
    module = model().eval()
    inputs: list[Any] = [
        ct.TensorType(f"in{i}", t.shape, np.float32 if t.is_floating_point() else np.int32)
        for i, t in enumerate(given)
    ]
    with torch.no_grad():
        truth = module(*given).numpy()
        traced = torch.jit.trace(module, given)
    package = tmp_path / "model.mlpackage"
    ct.convert(
        traced,
        inputs=inputs,
        minimum_deployment_target=target,
        compute_precision=precision,
        skip_model_load=True,
    ).save(str(package))

    loaded = ReferenceRuntime().load(package)
    feeds = {p.name: t.numpy().astype(p.dtype) for p, t in zip(loaded.inputs, given, strict=True)}
    (actual,) = loaded.predict(feeds).values()
    loaded.unload()
    assert np.linalg.norm(actual - truth) < tolerance * np.linalg.norm(truth)
