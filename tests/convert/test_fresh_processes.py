"""Packages made in processes of their own: crashes, interrupts, and what is left of either."""

import os
import signal
import subprocess
import sys

import pytest
from toy import ToyBlock, ToyPipeline, ToyStage

from devsim.convert import convert_workload
from devsim.convert.faults import ConversionError
from devsim.core.manifest import Manifest


class Crashing(ToyBlock):
    def build(self):
        os.abort()


class Raising(ToyBlock):
    def build(self):
        raise TypeError("not a model")


class Signalling(ToyBlock):
    """Ends the process that converts, and stays until it is ended itself."""

    def build(self):
        opened = os.open(self.name + ".fifo", os.O_WRONLY)
        os.kill(os.getppid(), self.seed)
        while True:
            signal.pause()
            os.fstat(opened)


def test_a_crash_takes_no_other_package_along(tmp_path):
    blocks = [Crashing("one"), Raising("two"), ToyBlock("three")]
    pipeline = ToyPipeline(stages=[ToyStage("only", blocks)])
    seen = []
    with pytest.raises(ConversionError) as error:
        convert_workload(pipeline, tmp_path, processes=2, on_progress=seen.append)
    assert error.value.exit_status == 3
    problems = {at.block: at.failure for at in seen}
    assert problems["one"] == (
        "only/one.mlpackage: the converter was killed by SIGABRT (Fatal Python error: Aborted)"
    )
    assert problems["two"] == (
        "only/two.mlpackage: the converter ended with status 1 (TypeError: not a model)"
    )
    assert problems["three"] is None
    assert "2 of 3 packages could not be made" in error.value.problem
    assert len(str(error.value).splitlines()) == 1
    assert [path.name for path in (tmp_path / "only").iterdir()] == ["three.mlpackage"]
    assert not (tmp_path / "manifest.json").exists()

    pipeline.stages[0].blocks[:2] = []
    convert_workload(pipeline, tmp_path, on_progress=seen.append)
    assert seen[-1].reused
    assert Manifest.read(tmp_path / "manifest.json").stages[0].blocks[0].name == "three"


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_no_process_outlives_a_conversion_that_is_ended(tmp_path, how):
    fifo = tmp_path / "slow.fifo"
    os.mkfifo(fifo)
    program = (
        "from pathlib import Path; from toy import ToyPipeline, ToyStage;"
        "from test_fresh_processes import Signalling;"
        "from devsim.convert import convert_workload;"
        f"stage = ToyStage('only', [Signalling('slow', {int(how)})]);"
        "convert_workload(ToyPipeline(stages=[stage]), Path('out'), processes=1)"
    )
    converting = subprocess.Popen(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    with fifo.open("rb") as held_by_the_worker:
        assert held_by_the_worker.read() == b"", "ends when the worker does"
    _, said = converting.communicate()
    assert converting.returncode == -how
    assert not list(tmp_path.rglob("*.mlpackage"))
    if how == signal.SIGINT:
        assert b"KeyboardInterrupt" in said
        assert not list(tmp_path.glob("out/.*"))
