"""Named arrays: seeded random ones, and ``.npz`` files of them."""

import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from devsim.core.errors import BadFileError
from devsim.runtime.protocol import Array

_BELOW = 100


def random_array(
    name: str, shape: tuple[int, ...], dtype: str, seed: int = 0, below: int | None = None
) -> Array:
    """Seeded values that depend on the name: normal, or whole numbers from 0 on.

    Args:
        name: of the values.
        shape: of the array.
        dtype: of the array.
        seed: other values for the same name.
        below: more than any whole number; None: 100.
    """
    rng = np.random.default_rng([seed, zlib.crc32(name.encode())])
    if np.issubdtype(np.dtype(dtype), np.floating):
        return rng.standard_normal(shape, dtype=np.float32).astype(dtype)
    if dtype == "bool":
        return rng.integers(0, 2, shape).astype(dtype)
    return rng.integers(0, below or _BELOW, shape).astype(dtype)


def read_npz(path: Path) -> dict[str, Array]:
    """Read the arrays of an ``.npz`` file; nothing is unpickled.

    Raises:
        BadFileError: missing, damaged, or with objects in it.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            if not isinstance(file, np.lib.npyio.NpzFile):
                raise BadFileError(path, "is one array without a name", "save it with numpy.savez")
            return {name: file[name] for name in file.files}
    except FileNotFoundError:
        raise BadFileError(path, "no such file", "check the path") from None
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise BadFileError(
            path, f"is not an .npz file of plain arrays ({error})", "save it with numpy.savez"
        ) from error


def write_npz(path: Path, arrays: Mapping[str, Array]) -> None:
    """Write arrays as an ``.npz`` file, whatever the path's ending."""
    with path.open("wb") as file:
        np.savez(file, allow_pickle=False, **arrays)
