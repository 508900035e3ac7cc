"""Compiles the engines when devsim is built, where a C compiler is; otherwise leaves them Python.

hatch-mypyc, the published hook for this, fails without a compiler and moves pyproject.toml away
while it builds; its last release is of 2023.
"""

import os
import shlex
import subprocess
import sys
import sysconfig
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CustomBuildHook(BuildHookInterface):
    """Builds a wheel for this platform with the engines compiled, or else one for any."""

    def dependencies(self) -> list[str]:
        """What compiles: of no use without a C compiler."""
        return ["mypy[mypyc]>=1.18", "setuptools>=75"] if _compiler_works() else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile in place, as an editable install needs it; a wheel takes it from there."""
        if not _compiler_works():
            self.app.display_warning("no working C compiler: devsim's engines stay Python, slower")
            return
        command = [sys.executable, "-m", "tools.compile_engines"]
        done = subprocess.run(command, cwd=self.root, capture_output=True, text=True)
        if done.returncode:
            said = (done.stdout + done.stderr).strip()
            self.app.display_warning(f"{said}\nmypyc failed: devsim's engines stay Python, slower")
            return
        build_data["pure_python"] = False
        build_data["infer_tag"] = True
        build_data["artifacts"].append("/devsim/**/*.so")


def _compiler_works() -> bool:
    """Whether the compiler that Python itself was built with, or ``CC``, is here with headers."""
    compiler = shlex.split(os.environ.get("CC") or sysconfig.get_config_var("CC") or "")
    with TemporaryDirectory() as folder:
        source = Path(folder) / "probe.c"
        source.write_text("#include <Python.h>\n")
        include = f"-I{sysconfig.get_path('include')}"
        probe = [*compiler, include, "-c", str(source), "-o", str(source.with_suffix(".o"))]
        try:
            return subprocess.run(probe, capture_output=True).returncode == 0
        except OSError:
            return False
