"""A single package where a folder of packages is wanted."""

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

from devsim.convert.mil.split import Everywhere, IntoBlocks, split_package
from devsim.core.errors import BadInputError
from devsim.mlpackage.forms import is_pipeline
from devsim.mlpackage.package import open_package

_PACKAGE = ".mlpackage"
_MODELS = (_PACKAGE, ".mlmodelc", ".mlmodel")


@contextlib.contextmanager
def as_folder(models: Path, beside: Path, function: str | None = None) -> Iterator[Path]:
    """Yield a folder of packages: what is given, or one made of a package for the while.

    A package is one block of it; a pipeline, a block for each of its models.

    Args:
        models: a folder of packages, or an ``.mlpackage``.
        beside: a path in whose folder the packages are made.
        function: of a package that has several.

    Raises:
        BadInputError: a function is named of a folder, or the package cannot be a block.
        BadFileError: the package is damaged, or a form of model that is not read.
    """
    if models.suffix not in _MODELS:
        if function is not None:
            raise BadInputError(
                f"{models}: is not an {_PACKAGE}, and a folder's packages have one function each",
                "leave out --function",
            )
        yield models
        return
    where = Everywhere() if is_pipeline(open_package(models).model) else IntoBlocks(1)
    with tempfile.TemporaryDirectory(prefix=".devsim-", dir=beside.absolute().parent) as scratch:
        folder = Path(scratch) / "models"
        split_package(models, folder, where, function=function)
        yield folder
