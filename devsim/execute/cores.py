"""Which cores the lanes run on."""

import os
import sys

from pydantic import Field

from devsim.core.errors import BadInputError
from devsim.core.files import Frozen


class Cores(Frozen):
    """The cores of each lane; a lane's threads may run on any of its cores."""

    compute: tuple[int, ...] = Field(min_length=1)
    load: tuple[int, ...] = Field(min_length=1)

    @classmethod
    def parse(cls, text: str) -> "Cores":
        """Read ``COMPUTE/LOAD``, each a list such as ``0-2`` or ``0,2``; with no slash, both.

        Raises:
            BadInputError: no list of cores, a core that this process may not use, or a system
                that does not let a thread choose its cores.
        """
        if sys.platform != "linux":
            raise BadInputError(
                "cores can be chosen on Linux alone", "leave --cores away: the system chooses"
            )
        compute, _, load = text.partition("/")
        cores = cls(compute=_numbers(text, compute), load=_numbers(text, load or compute))
        missing = sorted({*cores.compute, *cores.load} - os.sched_getaffinity(0))
        if missing:
            usable = ",".join(map(str, sorted(os.sched_getaffinity(0))))
            raise BadInputError(f"core {missing[0]} cannot be used", f"use some of {usable}")
        return cores

    def __str__(self) -> str:
        return f"{','.join(map(str, self.compute))}/{','.join(map(str, self.load))}"


def pin_this_thread(cores: tuple[int, ...]) -> None:
    """Keep the calling thread, and those that it starts, on some cores."""
    if sys.platform == "linux":
        os.sched_setaffinity(0, cores)


def _numbers(text: str, part: str) -> tuple[int, ...]:
    numbers: set[int] = set()
    for item in part.split(","):
        first, _, last = item.partition("-")
        if not _is_number(first) or not (last == "" or _is_number(last)):
            raise BadInputError(
                f"'{text}' is not a choice of cores",
                "write COMPUTE/LOAD, for example 0-2/3: computes on 0 to 2, loads on 3",
            )
        numbers.update(range(int(first), int(last or first) + 1))
    return tuple(sorted(numbers))


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()
