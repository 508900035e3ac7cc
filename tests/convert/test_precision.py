"""Which stage gets which precisions, from the texts of the options."""

import pytest
from toy import ToyStage

from devsim.convert.precision import read_choice
from devsim.core.errors import BadInputError

STAGES = [ToyStage("t5", [], precision="int8"), ToyStage("stdit", []), ToyStage("vae", [])]


@pytest.mark.parametrize(
    ("texts", "t5", "stdit", "vae"),
    [
        ([], "int8", "fp32", "fp32"),
        (["fp16"], "fp16", "fp16", "fp16"),
        (["t5=fp32"], "fp32", "fp32", "fp32"),
        (["stdit=int4"], "int8", "int4", "fp32"),
        (["fp16", "t5=int6"], "int6", "fp16", "fp16"),
        (["t5=int6", "fp16"], "int6", "fp16", "fp16"),
        (["stdit=fp32+int8"], "int8", "fp32 int8", "fp32"),
        (["fp32+fp16", "vae=fp16"], "fp32 fp16", "fp32 fp16", "fp16"),
    ],
)
def test_texts_choose_over_the_workloads_own(texts, t5, stdit, vae):
    chosen = read_choice(texts, STAGES)
    assert {stage: " ".join(precisions) for stage, precisions in chosen.items()} == {
        "t5": t5,
        "stdit": stdit,
        "vae": vae,
    }


@pytest.mark.parametrize(
    ("texts", "problem"),
    [
        (["int5"], "no precision 'int5'; choose one of: fp32, fp16, int8, int6, int4"),
        (["unet=fp16"], "no stage 'unet'; choose one of: t5, stdit, vae"),
        (["=fp16"], "no stage ''; choose one of"),
        (["t5="], "no precision ''"),
        (["t5=fp16+fp16"], "precision 'fp16\\+fp16' names one twice"),
        (["t5=fp16", "t5=int8"], "precision 't5=int8' comes after another one for the same"),
        (["fp16", "int8"], "precision 'int8' comes after another one for the same"),
    ],
)
def test_a_wrong_text_is_one_clear_line(texts, problem):
    with pytest.raises(BadInputError, match=problem):
        read_choice(texts, STAGES)
