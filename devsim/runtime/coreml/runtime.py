"""The coreml runtime: packages run by Core ML on this Mac."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Self

from devsim.core.child_python import python_command
from devsim.core.errors import BadFileError
from devsim.core.files import package_digest
from devsim.mlpackage.forms import check_folder
from devsim.runtime.coreml.cache import CachedModel, CompiledCache, default_folder, system_build
from devsim.runtime.coreml.errors import EngineError
from devsim.runtime.coreml.interface import Interfaces
from devsim.runtime.coreml.loaded import Held, LoadedCoreML, LoadTimes
from devsim.runtime.coreml.messages import Compile, Compiled, Describe, Described, Load, Loaded
from devsim.runtime.coreml.process import HelperDiedError, HelperPool, HelperProcess, naming
from devsim.runtime.coreml.units import ComputeUnit

HELPER = tuple(python_command("devsim.runtime.coreml.helper"))


class CoreMLRuntime:
    """Runs ML programs with Core ML; see ``Runtime``.

    A package is compiled once and kept. Its first load on this Mac, and the first after ``forget``,
    is cold; later ones are cached, in other processes too. Each loaded package has a helper
    process of its own.

    Args:
        unit: what Core ML may compute on.
        folder: where compiled packages are kept.
        build: of the system, which a compiled package is kept for.
        helper: the command that starts a helper process.
    """

    name = "coreml"

    def __init__(
        self,
        unit: ComputeUnit = ComputeUnit.ALL,
        folder: Path | None = None,
        build: str | None = None,
        helper: Sequence[str] = HELPER,
    ) -> None:
        self._unit = unit
        self._build = build or system_build()
        self._cache = CompiledCache(folder or default_folder())
        self._pool = HelperPool(helper)
        self._lock = threading.Lock()
        self._known: dict[Path, _Known] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def load(self, package: Path, function: str | None = None) -> LoadedCoreML:
        """Load a package; see ``Runtime.load``.

        Raises:
            BadInputError: it has no such function.
            BadFileError: the package is missing, damaged or not an ML program.
            CoreMLError: Core ML cannot compile or load it.
        """
        with self._lock:
            known, compile_ns = self._prepare(package)
        interface = known.interfaces.of(package, function)
        request = Load(known.cached.model, self._unit, interface)
        with self._pool.taken() as helper:
            with naming(package, "loading"):
                answer = helper.ask(request, Loaded)
            times = LoadTimes(compile_ns, answer.ns, cold=not known.cached.seen)
            known.cached.mark_seen()
        held = Held(interface, answer.resident_bytes, times)
        return LoadedCoreML(package, held, helper, self._pool)

    def forget(self, package: Path) -> None:
        """Have the package compiled at a path that Core ML has never loaded from."""
        with self._lock:
            known, _ = self._prepare(package)
            renewed = replace(known, cached=self._cache.renew(known.cached))
            self._known[package.absolute()] = renewed

    def close(self) -> None:
        """End every helper process; packages that are loaded cannot be used again."""
        self._pool.close()

    def _prepare(self, package: Path) -> "tuple[_Known, int | None]":
        """A package's interface and compiled form, and how long compiling took if it had to."""
        files = _files(package)
        known = self._known.get(package.absolute())
        if known and known.files == files and known.cached.model.is_dir():
            return known, None
        with self._pool.taken() as helper:
            interfaces = _describe(helper, package)
            cached, compile_ns = self._compiled(helper, package)
        self._pool.give_back(helper)
        known = self._known[package.absolute()] = _Known(files, interfaces, cached)
        return known, compile_ns

    def _compiled(self, helper: HelperProcess, package: Path) -> tuple[CachedModel, int | None]:
        took: list[int] = []

        def compile_to(destination: Path) -> None:
            took.append(helper.ask(Compile(package.absolute(), destination), Compiled).ns)

        key = f"{package_digest(package)}-{self._unit}-{self._build}"
        with naming(package, "compiling"):
            cached = self._cache.get(key, compile_to)
        return cached, took[0] if took else None


_Files = tuple[tuple[Path, int, int], ...]


@dataclass(frozen=True, slots=True)
class _Known:
    """A package as it was when it was last looked into."""

    files: _Files
    interfaces: Interfaces
    cached: CachedModel


def _describe(helper: HelperProcess, package: Path) -> Interfaces:
    try:
        return helper.ask(Describe(package.absolute()), Described).interfaces
    except (EngineError, HelperDiedError) as error:
        raise BadFileError(package, str(error), "convert the package again") from error


def _files(package: Path) -> _Files:
    """Path, size and time of every file: what tells that a package has changed.

    Raises:
        BadFileError: there is no package, or it is a compiled model.
    """
    check_folder(package)
    stats = ((path, path.stat()) for path in sorted(package.rglob("*")) if path.is_file())
    return tuple((path, stat.st_size, stat.st_mtime_ns) for path, stat in stats)
