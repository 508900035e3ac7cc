"""Reading and writing devsim's files: checked on the way in, whole or absent on the way out."""

import contextlib
import gzip
import hashlib
import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from devsim.core.confined import readable
from devsim.core.errors import BadFileError, BadInputError
from devsim.core.printable import quoted
from devsim.core.regular_files import DOCUMENT_BYTES, open_regular, read_regular

_LONGEST_VALUE = 60


class Frozen(BaseModel):
    """A value of a devsim file: immutable, and nothing unknown or non-finite gets in."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, strict=False)


class Document(Frozen):
    """A whole devsim JSON file; subclasses add ``schema_version: Literal[n]`` and their fields."""

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read and check a file.

        Raises:
            BadFileError: the file is missing, truncated or breaks the schema; names the field.
        """
        data = read_regular(path, DOCUMENT_BYTES)
        try:
            return cls.model_validate_json(data)
        except ValidationError as error:
            raise bad_document(path, cls.__name__.lower(), error) from error

    def write(self, path: Path, *, force: bool = False) -> None:
        """Write the file whole, or leave what was there.

        Raises:
            BadInputError: the file exists and ``force`` is not given, or cannot be written.
        """
        write_atomically(path, self.model_dump_json(indent=1).encode() + b"\n", force=force)

    def digest(self) -> str:
        """SHA-256 of the document's canonical JSON."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()


def write_atomically(path: Path, data: bytes, *, force: bool) -> None:
    """Write bytes under a temporary name and rename; a reader never sees half a file."""
    if path.suffix == ".gz":
        data = gzip.compress(data, mtime=0)
    with replacing(path, force=force) as temporary:
        temporary.write_bytes(data)


@contextlib.contextmanager
def replacing(path: Path, *, force: bool) -> Iterator[Path]:
    """Yield a temporary path beside ``path`` that takes its place when the block succeeds.

    Raises:
        BadInputError: ``path`` exists and ``force`` is false, or its folder cannot be written.
    """
    refuse_overwrite(path, force=force)
    temporary: Path | None = None
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        os.close(handle)
        temporary = Path(name)
        yield temporary
        _umask_permissions(temporary)
        temporary.replace(path)
    except OSError as error:
        raise BadInputError(
            f"{path}: cannot be written ({error.strerror or error})",
            "choose another --output or free some space",
        ) from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def refuse_overwrite(path: Path, *, force: bool) -> None:
    """Raise BadInputError when ``path`` exists and may not be replaced."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return
    except (OSError, ValueError) as error:
        raise BadInputError(f"{path}: cannot be written ({error})", "name another file") from error
    if stat.S_ISDIR(status.st_mode):
        raise BadInputError(f"{path}: is a folder", "name a file with --output")
    if not stat.S_ISREG(status.st_mode):
        raise BadInputError(f"{path}: is not a regular file", "name a file with --output")
    if not force:
        raise BadInputError(f"{path}: already exists", "add --force to overwrite it")


def file_digest(path: Path) -> str:
    """SHA-256 of a file's bytes."""
    with open_regular(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def package_files(package: Path) -> list[tuple[str, Path]]:
    """Every file of a package folder by its path in it, in order, and where it really lies.

    Raises:
        BadFileError: one of them is not a regular file, or a link leads out of the package.
    """
    names = [path.relative_to(package).as_posix() for path in sorted(_entries(package))]
    return [(name, readable(package, name)) for name in names]


def package_digest(package: Path) -> str:
    """SHA-256 over a package folder: every file's relative path and digest, in order.

    Raises:
        BadFileError: see ``package_files``.
    """
    digest = hashlib.sha256()
    for name, path in package_files(package):
        digest.update(f"{name}\0{file_digest(path)}\n".encode())
    return digest.hexdigest()


def _entries(folder: Path) -> Iterator[Path]:
    """All that is in a folder and its folders, but for the folders themselves."""
    for parent, folders, names in os.walk(folder):
        for link in (path for name in folders if (path := Path(parent, name)).is_symlink()):
            raise BadFileError(link, "is a link to a folder", "copy the folder to its place")
        yield from (Path(parent, name) for name in names)


def bad_document(path: Path, kind: str, error: ValidationError) -> BadFileError:
    """Turn pydantic's findings into one line that names the file, the first field and the fix."""
    first: Any = error.errors(include_url=False)[0]
    field = ".".join(quoted(str(part)) for part in first["loc"]) or "the file"
    given = quoted(str(first["input"]), _LONGEST_VALUE)
    if first["type"] == "json_invalid":
        return BadFileError(path, f"is not whole JSON ({first['msg']})", f"write the {kind} again")
    if field == "schema_version" and first["type"] == "missing":
        return BadFileError(
            path, f"has no schema_version, so it is not a devsim {kind}", "check the path"
        )
    if field == "schema_version":
        return BadFileError(
            path,
            f"schema_version is {given}, which this devsim does not read as a {kind}",
            "use the devsim that wrote it, or make the file again",
        )
    problem = first["msg"]
    if first["type"] == "string_pattern_mismatch":
        problem = f"'{given}' is not a valid name; names have letters, digits and . _ + -"
    return BadFileError(path, f"{field}: {problem}", f"fix the field or make the {kind} again")


def out_of_range(error: ValidationError) -> BadInputError:
    """What to say where values that were read are each in range, but what follows is not."""
    first: Any = error.errors(include_url=False)[0]
    field = ".".join(quoted(str(part)) for part in first["loc"])
    given = quoted(str(first["input"]), _LONGEST_VALUE)
    return BadInputError(
        f"computed for {error.title}, {field} is {given}: {first['msg']}",
        "correct the figures in the files that it is computed from",
    )


def _umask_permissions(path: Path) -> None:
    """Give a file made by mkstemp (0600) the permissions an ordinary new file would have."""
    umask = os.umask(0)
    os.umask(umask)
    path.chmod(0o666 & ~umask)
