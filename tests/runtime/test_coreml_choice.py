"""Which runtime a name opens, and what is said when it cannot be."""

import sys

import pytest

from devsim.core.errors import BadInputError, MissingExtraError
from devsim.execute.measure import Effort
from devsim.execute.measured import profile_folder
from devsim.execute.requests import Setting
from devsim.execute.watch import WorkerError
from devsim.runtime import choose

not_a_mac = pytest.mark.skipif(sys.platform == "darwin", reason="says why it needs a Mac")


@not_a_mac
def test_coreml_off_a_mac_says_in_one_line_what_to_use(tiny_models, tmp_path):
    setting = Setting(models=tiny_models, runtime="coreml", threads=1)
    with pytest.raises(WorkerError) as raised:
        profile_folder(setting, Effort(), tmp_path / "part", lambda done, total, what: None)
    line = str(raised.value)
    assert line.startswith("runtime coreml needs macOS and this is ")
    assert line.endswith("use --runtime reference")
    assert "\n" not in line
    assert raised.value.exit_status == 2


def test_a_mac_without_coremltools_is_told_how_to_get_it(monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(choose.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"runtime coreml .*devsim\[coreml\]"):
        choose.open_runtime("coreml:cpu_only", 1)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("coreml:gpu", "unknown compute unit 'gpu'; use one of: all, cpu_only, cpu_and_gpu, cpu_"),
        ("cuda", "unknown runtime 'cuda'; use one of: reference, coreml, device"),
        ("reference:cpu_only", "does not hold weights 'cpu_only'"),
        ("device", "device cannot profile or run a plan.*python -m devsim.runtime.device"),
    ],
)
def test_a_name_that_cannot_be_opened(name, message):
    with pytest.raises(BadInputError, match=message):
        choose.open_runtime(name, 1)
