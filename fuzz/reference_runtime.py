"""Coverage-guided fuzzing of the reference runtime's reader and compiler.

    pip install atheris
    python fuzz/reference_runtime.py PACKAGE [libFuzzer options]

Starts from the spec of a small package, and ends after a minute or at the first input that ends in
anything but a result or a DevsimError; libFuzzer writes that input to ``crash-*``. Runs with the
package's weights, a limit on loops and 4 GB of memory.
"""

import math
import shutil
import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["devsim.runtime.reference"]):
    import numpy as np

    from devsim.core.errors import DevsimError
    from devsim.runtime.reference import ReferenceRuntime

SPEC = "Data/com.apple.CoreML/model.mlmodel"
LARGEST_INPUT = 1 << 16
LIMITS = ["-max_total_time=60", "-rss_limit_mb=4096", "-timeout=20", "-len_control=0"]


def try_package(package: Path) -> None:
    """Load, predict with ones and unload."""
    try:
        loaded = ReferenceRuntime(loop_limit=50).load(package)
        if all(math.prod(port.shape) <= LARGEST_INPUT for port in loaded.inputs):
            loaded.predict({port.name: np.ones(port.shape, port.dtype) for port in loaded.inputs})
        loaded.unload()
    except DevsimError:
        return


def main(source: Path, options: list[str]) -> None:
    """Fuzz until a limit or a finding."""
    folder = Path(tempfile.mkdtemp(prefix="devsim-fuzz-"))
    victim, corpus = shutil.copytree(source, folder / "victim.mlpackage"), folder / "corpus"
    corpus.mkdir()
    shutil.copy(source / SPEC, corpus / "seed")

    def one(data: bytes) -> None:
        (victim / SPEC).write_bytes(data)
        try_package(victim)

    size = (source / SPEC).stat().st_size
    atheris.Setup([sys.argv[0], str(corpus), f"-max_len={2 * size}", *LIMITS, *options], one)
    atheris.Fuzz()


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]), sys.argv[2:])
