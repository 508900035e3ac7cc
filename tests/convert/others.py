"""Models that others wrote, with random weights, as Core ML packages."""

from dataclasses import dataclass

import coremltools as ct
import coremltools.optimize.coreml as cto
import numpy as np
import torch
from torch import nn

TOKENS = 12


@dataclass
class Model:
    module: nn.Module
    inputs: dict[str, torch.Tensor]


class Called(nn.Module):
    """A model called with tensors alone: its first output."""

    def __init__(self, model, names, mask=None):
        super().__init__()
        self.model, self.names, self.mask = model, names, mask

    def forward(self, *tensors):
        given = dict(zip(self.names, tensors, strict=True))
        if self.mask is not None:
            given["attention_mask"] = self.mask(given.get("attention_mask"))
        return self.model(**given, return_dict=False)[0]


def bert():
    from transformers import BertConfig, BertModel

    config = BertConfig(
        vocab_size=200, hidden_size=64, num_hidden_layers=5, num_attention_heads=4,
        intermediate_size=128, max_position_embeddings=32, attn_implementation="eager",
    )  # fmt: skip
    return of(
        BertModel(config, add_pooling_layer=False),
        lambda mask: (1 - mask[:, None, None, :].float()) * -1e4,
        input_ids=torch.randint(0, 200, (1, TOKENS)),
        attention_mask=(torch.arange(TOKENS) < 9)[None].int(),
    )


def vit():
    from transformers import ViTConfig, ViTModel

    config = ViTConfig(
        hidden_size=64, num_hidden_layers=5, num_attention_heads=4, intermediate_size=128,
        image_size=32, patch_size=8, attn_implementation="eager",
    )  # fmt: skip
    return of(
        ViTModel(config, add_pooling_layer=False), None, pixel_values=torch.randn(1, 3, 32, 32)
    )


def unet():
    from diffusers import UNet2DConditionModel
    from diffusers.models.attention_processor import AttnProcessor

    model = UNet2DConditionModel(
        sample_size=16, block_out_channels=(32, 64), layers_per_block=1, cross_attention_dim=32,
        down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"), norm_num_groups=8,
        attention_head_dim=8,
    )  # fmt: skip
    model.set_attn_processor(AttnProcessor())
    return of(
        model,
        None,
        sample=torch.randn(1, 4, 16, 16),
        timestep=torch.tensor([7.0]),
        encoder_hidden_states=torch.randn(1, 8, 32),
    )


def llama():
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        vocab_size=200, hidden_size=64, intermediate_size=128, num_hidden_layers=5,
        num_attention_heads=4, num_key_value_heads=2, attn_implementation="eager",
        use_cache=False, tie_word_embeddings=True,
    )  # fmt: skip
    causal = torch.full((TOKENS, TOKENS), -1e4).triu(1)[None, None]
    ids = torch.randint(0, 200, (1, TOKENS))
    return of(LlamaForCausalLM(config), lambda _: causal, input_ids=ids)


ALL = {"bert": bert, "vit": vit, "unet": unet, "llama": llama}


def of(model, mask, **inputs):
    return Model(Called(model.eval(), list(inputs), mask), inputs)


def convert(name, path):
    """The model in half precision."""
    torch.manual_seed(0)
    model = ALL[name]()
    with torch.no_grad():
        traced = torch.jit.trace(model.module, tuple(model.inputs.values()), check_trace=False)
    package = ct.convert(
        traced,
        inputs=[
            ct.TensorType(name, value.shape, np.float32 if value.is_floating_point() else np.int32)
            for name, value in model.inputs.items()
        ],
        minimum_deployment_target=ct.target.iOS17,
        compute_precision=ct.precision.FLOAT16,
        skip_model_load=True,
    )
    package.save(str(path))
    return model


def quantized(source, path):
    """Linear, eight bits a weight."""
    model = ct.models.MLModel(str(source), skip_model_load=True)
    config = cto.OptimizationConfig(
        global_config=cto.OpLinearQuantizerConfig(mode="linear_symmetric", weight_threshold=256)
    )
    cto.linear_quantize_weights(model, config).save(str(path))
