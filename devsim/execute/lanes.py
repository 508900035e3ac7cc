"""The threads that loads, computes and unloads run on, for runs and for profiles alike."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import NamedTuple, Self, TypeVar

from devsim.core.trace import Kind
from devsim.execute.cores import Cores, pin_this_thread
from devsim.execute.page_cache import PageCache

_Result = TypeVar("_Result")


class Surroundings(NamedTuple):
    """What packages are run in, apart from their runtime."""

    environment: dict[str, str]
    """Facts of the machine, the runtime and the settings."""
    cores: Cores | None = None
    page_cache: PageCache = PageCache.KEEP


class Lanes:
    """A thread for computes, one for unloads, and one for each load that may run at once.

    Args:
        cores: what loads and computes run on; None leaves it to the system.
        loaders: loads that may run at once.
    """

    def __init__(self, cores: Cores | None, loaders: int = 1) -> None:
        self._pools = {
            Kind.LOAD: _pool(Kind.LOAD, loaders, cores.load if cores else None),
            Kind.COMPUTE: _pool(Kind.COMPUTE, 1, cores.compute if cores else None),
            Kind.UNLOAD: _pool(Kind.UNLOAD, 1, cores.load if cores else None),
        }

    def submit(self, kind: Kind, work: Callable[[], _Result]) -> "Future[_Result]":
        """Have a lane do something after what it was given before."""
        return self._pools[kind].submit(work)

    def do(self, kind: Kind, work: Callable[[], _Result]) -> _Result:
        """Have a lane do something, and wait for it."""
        return self.submit(kind, work).result()

    def close(self) -> None:
        """Drop what has not begun, wait for the rest, and end the threads."""
        for pool in self._pools.values():
            pool.shutdown(cancel_futures=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def _pool(kind: Kind, threads: int, cores: tuple[int, ...] | None) -> ThreadPoolExecutor:
    name = f"devsim-{kind}"
    if cores is None:
        return ThreadPoolExecutor(threads, name)
    return ThreadPoolExecutor(threads, name, initializer=pin_this_thread, initargs=(cores,))
