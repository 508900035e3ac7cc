"""Compile the engines with mypyc, in place: ``python -m tools.compile_engines``.

What decides at every event becomes extension modules beside their sources. Nothing is done where
that has been done since the sources changed.
"""

import json
import sysconfig
from pathlib import Path
from tempfile import TemporaryDirectory

from devsim.compiled import RECORD, ROOT, digest

ENGINES = (
    "policy/feasible.py",
    "policy/on_device_sora.py",
    "policy/planned.py",
    "policy/protocol.py",
    "policy/schedule.py",
    "policy/serial.py",
    "policy/timetable.py",
    "simulation/drive.py",
    "simulation/evaluate.py",
    "simulation/lanes.py",
    "simulation/pair.py",
    "simulation/quick.py",
    "simulation/speeds.py",
)


def main() -> None:
    """Compile what has changed, or nothing."""
    suffix = sysconfig.get_config_var("EXT_SUFFIX")
    made = {"for": suffix, "sources": {engine: digest(engine) for engine in ENGINES}}
    if RECORD.is_file() and json.loads(RECORD.read_text()) == made:
        return
    for old in (RECORD, *ROOT.rglob("*.so")):
        old.unlink(missing_ok=True)
    with TemporaryDirectory() as folder:
        built = built_in(Path(folder))
        for file in sorted(built.rglob("*.so")):
            file.rename(ROOT / file.relative_to(built))
    RECORD.write_text(json.dumps(made, indent=1))


def built_in(folder: Path) -> Path:
    """Compile; returns the folder in which extension modules lie as in the package."""
    from mypyc.build import mypycify
    from setuptools import Distribution

    # Types of other packages change nothing here: without them a build needs mypy alone.
    options = ["--config-file=", "--no-site-packages", "--ignore-missing-imports"]
    extensions = mypycify(
        [*options, f"--cache-dir={folder / 'types'}", *(str(ROOT / each) for each in ENGINES)],
        group_name="devsim.engines",
        target_dir=str(folder / "c"),
        debug_level="0",
    )
    for extension in extensions:  # Nobody replaces their functions: calls may be direct, inlined.
        extension.extra_compile_args.append("-fvisibility=hidden")
    build = Distribution({"name": "devsim", "ext_modules": extensions}).get_command_obj("build_ext")
    build.build_temp = str(folder / "objects")
    build.build_lib = str(folder / "built")
    build.ensure_finalized()
    build.run()
    return folder / "built" / "devsim"


if __name__ == "__main__":
    main()
