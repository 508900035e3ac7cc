"""Settings of every test. Its being here also lets tests import ``strategies``."""

import signal
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("repeatable", deadline=None, derandomize=True)
settings.register_profile("explore", deadline=None, max_examples=3000)
settings.load_profile("repeatable")

# A shell that starts the tests in the background has Ctrl-C ignored, and so would every process of
# a test that sends one.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def tiny_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Open-Sora's denoiser at its tiny size, converted to real packages: four blocks."""
    from devsim.convert import convert_workload
    from devsim.workloads import find
    from devsim.workloads.pipeline import Options

    folder = tmp_path_factory.mktemp("models") / "tiny"
    options = Options(size="tiny", shape=(2, 4, 4), stages=("stdit",))
    convert_workload(find("open-sora-v1.2").pipeline(options), folder)
    return folder
