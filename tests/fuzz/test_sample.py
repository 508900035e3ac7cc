"""Hostile files do devsim no harm: those that once did, and a sample; ``python -m fuzz`` is all."""

import subprocess
import sys

from fuzz.seeds import CHECKOUT

SAMPLE = ("--sample", "80", "--seed", "1")
ONCE_HARMFUL = (
    "profile/workload=markup",
    "profile/workload=surrogate",
    "profile/workload=megabyte",
    "profile/file=fifo",
    "plan/policy=ansi",
    "plan/pipeline.stages.0.iterations=2^63",
    "trace/packed=gzip-bomb",
    "trace/file=zero",
    "device/ram_bytes=deep-key",
    "device/loader_threads=5000-digits",
    "totals/runs.0.figures.0.seconds=1e308",
    "totals/called-escapes=missing",
    "npz/header=deeper",
    "npz/archive=encrypted",
    "npz/member=bomb",
    "npz/one-array",
    "package/folder=beside-psutil.py",
    "package/weights-file=fifo",
    "package/weights.record-1024GB",
    "manifest/renamed.block=escape",
    "manifest/renamed.stage=absolute",
    "manifest/package=link-out",
    "manifest/stages.0.blocks.0.inputs.0.shape.0=trillion",
    "records/stage=link-out",
    "records/folder=killed",
    "checkpoint/torch=tensor-sparse",
    "checkpoint/safetensors=values-nan",
    "checkpoint/file=folder",
)


def does_no_harm(valid, *args):
    command = [sys.executable, "-m", "fuzz", "--seeds", str(valid), *args]
    result = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout[-8000:] + result.stderr[-2000:]


def test_what_once_did_harm(valid):
    does_no_harm(valid, *(part for name in ONCE_HARMFUL for part in ("--only", name)))


def test_a_sample_of_every_kind(valid):
    does_no_harm(valid, *SAMPLE)
