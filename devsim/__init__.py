"""devsim: plan, simulate and validate models larger than memory on mobile devices.

What follows ``import devsim`` is in ``devsim.api``, which is imported when it is first used.
"""

from typing import TYPE_CHECKING

from devsim.version import __version__

if TYPE_CHECKING:
    from devsim.api import (
        VideoSize,
        compare,
        devices,
        frontier,
        load_profile,
        plan,
        replay,
        simulate,
    )

__all__ = [
    "VideoSize",
    "__version__",
    "compare",
    "devices",
    "frontier",
    "load_profile",
    "plan",
    "replay",
    "simulate",
]


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module 'devsim' has no attribute '{name}'")
    from devsim import api

    return getattr(api, name)


def __dir__() -> list[str]:
    return list(__all__)
