"""Every name and call of coremltools that the coreml and device runtimes use is there.

Core ML itself is on no machine but a Mac, so the calls are read from the source and bound to the
signatures of the installed coremltools.
"""

import ast
import ctypes
import importlib
import inspect
from pathlib import Path

import coremltools
import pytest
from coremltools.models import CompiledMLModel
from coremltools.models.ml_program.experimental.async_wrapper import RemoteMLModelAsyncWrapper
from coremltools.models.ml_program.experimental.remote_device import Device, _AppSession

import devsim.runtime
from devsim.runtime.coreml.libproc import RusageInfoV4
from devsim.runtime.coreml.units import ComputeUnit

FOLDER = Path(devsim.runtime.__file__).parent
SOURCES = sorted([*(FOLDER / "coreml").glob("*.py"), *(FOLDER / "device").glob("*.py")])

INSTANCES = {
    ("engine.py", "self._model"): CompiledMLModel,
    ("devices.py", "device"): Device,
    ("runtime.py", "self._device"): Device,
    ("runtime.py", "self._device.session"): _AppSession,
    ("runtime.py", "device"): Device,
    ("runtime.py", "model"): RemoteMLModelAsyncWrapper,
    ("runtime.py", "self._model"): RemoteMLModelAsyncWrapper,
}
"""What variables hold whose class the source does not say, by file and expression."""


class Names(ast.NodeVisitor):
    """Collects the dotted names of coremltools in a file, and the calls of them."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._imported: dict[str, object] = {}
        self.calls: list[tuple[object, ast.Call, bool]] = []
        self.named = 0

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            if alias.name.split(".")[0] == "coremltools":
                self._imported[alias.asname or alias.name] = importlib.import_module(alias.name)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        if node.module and node.module.split(".")[0] == "coremltools":
            module = importlib.import_module(node.module)
            for alias in node.names:
                self._imported[alias.asname or alias.name] = getattr(module, alias.name)

    def visit_Call(self, node: ast.Call) -> None:
        found, bound = self._find(node.func)
        if found is not None:
            self.calls.append((found, node, bound))
        self.generic_visit(node)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        self._find(node)
        self.generic_visit(node)

    def _find(self, node: ast.expr) -> tuple[object, bool]:
        """What an expression is in coremltools, and whether it is called on an instance."""
        if isinstance(node, ast.Name):
            return self._imported.get(node.id), False
        if not isinstance(node, ast.Attribute):
            return None, False
        instance = INSTANCES.get((self._path.name, ast.unparse(node.value)))
        owner = instance or self._find(node.value)[0]
        if owner is None:
            return None, False
        self.named += 1
        if instance is Device and node.attr in Device.__dataclass_fields__:
            return None, False
        return getattr(owner, node.attr), instance is not None


def check(path: Path) -> int:
    """Bind a file's calls of coremltools; returns how many names it uses."""
    names = Names(path)
    names.visit(ast.parse(path.read_text()))
    for found, call, bound in names.calls:
        keywords = {keyword.arg: None for keyword in call.keywords}
        arguments = [None] * (len(call.args) + bound)
        try:
            inspect.signature(found).bind(*arguments, **keywords)
        except TypeError as error:
            raise AssertionError(
                f"{path.name}:{call.lineno}: {ast.unparse(call)}: {error}"
            ) from error
    return names.named + len(names.calls)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_calls_are_as_coremltools_declares_them(path):
    check(path)


def test_the_check_sees_the_calls():
    used = {path.name: check(path) for path in SOURCES if check(path)}
    assert sorted(used) == ["devices.py", "engine.py", "interface.py", "runtime.py"]


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("compute_units=", "compute_unit="),
        ("destination_path=", "target="),
        ("utils.compile_model(", "utils.compile_package("),
        (".predict(given, state=", ".predict(given, states="),
        (".make_state()", ".new_state()"),
    ],
)
def test_a_wrong_call_is_seen(right, wrong, tmp_path):
    source = (FOLDER / "coreml/engine.py").read_text()
    assert right in source
    (tmp_path / "engine.py").write_text(source.replace(right, wrong))
    with pytest.raises((AssertionError, AttributeError)):
        check(tmp_path / "engine.py")


def test_every_compute_unit_is_one_of_coremltools():
    assert {unit.name for unit in ComputeUnit} == set(coremltools.ComputeUnit.__members__)


def test_the_remote_calls_that_are_awaited_are_coroutines():
    for call in (
        Device.prepare_for_model_debugging,
        RemoteMLModelAsyncWrapper.load,
        RemoteMLModelAsyncWrapper.predict,
        RemoteMLModelAsyncWrapper.unload,
    ):
        assert inspect.iscoroutinefunction(call)


def test_the_structure_is_laid_out_as_xnu_declares_it():
    assert ctypes.sizeof(RusageInfoV4) == 296
    assert RusageInfoV4.ri_phys_footprint.offset == 72
