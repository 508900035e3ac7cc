"""Model definitions of other packages, imported only when a block that needs one is built."""

from importlib import import_module
from types import ModuleType

from devsim.core.errors import MissingExtraError


def definitions(package: str) -> ModuleType:
    """A package of model definitions: ``transformers`` or ``diffusers``.

    Raises:
        MissingExtraError: it is not installed.
    """
    try:
        return import_module(package)
    except ModuleNotFoundError as error:
        if error.name != package:
            raise
        raise MissingExtraError(f"a model that {package} defines", "models") from None
