"""devsim's files that people write by hand, in TOML."""

import re
import tomllib
from pathlib import Path
from typing import Self

from pydantic import ValidationError

from devsim.core.errors import BadFileError
from devsim.core.files import Document, bad_document
from devsim.core.regular_files import SETTINGS_BYTES, read_regular

_KEY = re.compile(r"""[\w"' \t\[\]-]+""")
_DEEPEST_KEY = 32
_FIX = "fix the file"


class TomlDocument(Document):
    """A whole devsim TOML file."""

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read and check a file.

        Raises:
            BadFileError: the file is missing, not TOML, or breaks the schema; names the field.
        """
        try:
            text = read_regular(path, SETTINGS_BYTES).decode()
            if _deepest_key(text) > _DEEPEST_KEY:
                raise BadFileError(path, "has a key of too many parts", _FIX)
            return cls.model_validate(tomllib.loads(text))
        except ValidationError as error:
            raise bad_document(path, cls.__name__.lower(), error) from error
        except (ValueError, RecursionError) as error:  # tomllib's, encodings, digits, nesting
            raise BadFileError(path, f"is not TOML ({error})", _FIX) from error


def _deepest_key(text: str) -> int:
    """The parts of the longest dotted key; tomllib takes memory with the square of them."""
    deepest = depth = 1
    for part in text.split("."):
        depth = depth + 1 if _KEY.fullmatch(part) else 1
        deepest = max(deepest, depth)
    return deepest
