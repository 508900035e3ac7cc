"""The commands of docs/splitting.md run, in its order."""

import os
import re
import subprocess
import sys
from pathlib import Path

import coremltools as ct
import numpy as np

PAGE = (Path(__file__).parents[2] / "docs" / "splitting.md").read_text()
mb = ct.converters.mil.Builder


def test_the_commands_run(tmp_path):
    rng = np.random.default_rng(0)

    @mb.program(input_specs=[mb.TensorSpec(shape=(4, 16))], opset_version=ct.target.iOS17)
    def program(x):
        for _ in range(5):
            x = mb.linear(x=x, weight=rng.standard_normal((16, 16)).astype(np.float32))
        return x

    model = ct.convert(program, minimum_deployment_target=ct.target.iOS17, skip_model_load=True)
    model.save(str(tmp_path / "model.mlpackage"))
    (commands,) = re.findall(r"```console\n(.*?)```", PAGE, re.DOTALL)
    for line in commands.strip().splitlines():
        words = line.removeprefix("$ devsim ").split()
        result = subprocess.run(
            [sys.executable, "-m", "devsim", *words],
            capture_output=True, text=True, cwd=tmp_path, env={**os.environ, "NO_COLOR": "1"},
        )  # fmt: skip
        assert result.returncode == 0, f"{line}: {result.stderr}"
    assert (tmp_path / "chunks" / "manifest.json").exists()
