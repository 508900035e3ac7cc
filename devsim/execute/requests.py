"""What is asked of the worker process and what it answers: a line of JSON each.

A request is answered by any number of ``Told`` and then one ``Result``, or a ``Failure``.
"""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from devsim.core.files import Frozen
from devsim.core.plan import Plan
from devsim.core.profile import Profile
from devsim.execute.cores import Cores
from devsim.execute.events import Begun, BudgetShrunk, Ended, Started
from devsim.execute.given import InputFile
from devsim.execute.measure import Effort
from devsim.execute.outputs import StageDigests
from devsim.execute.package_run import PackageRun
from devsim.execute.page_cache import PageCache


class Setting(Frozen):
    """What packages are run with."""

    models: Path
    runtime: str
    threads: int = Field(ge=1, description="of one compute")
    cores: Cores | None = Field(default=None, description="of the lanes; null: any")
    page_cache: PageCache = PageCache.KEEP


class RunRequest(Frozen):
    """Run a plan once."""

    do: Literal["run"] = "run"
    plan: Plan
    setting: Setting
    inputs: Path | None = Field(default=None, description="of stages, .npz; the rest are drawn")
    on_pressure: Literal["stop", "shed"] = "stop"
    outputs: Path | None = Field(default=None, description="where the last outputs go, .npz")


class ShrinkRequest(Frozen):
    """While a run goes on: less may be held from now on. It has no answer of its own."""

    do: Literal["shrink"] = "shrink"
    budget_bytes: int = Field(gt=0)


class UnchunkedRequest(Frozen):
    """Compute a plan's stages without a schedule: their packages one after another, once."""

    do: Literal["unchunked"] = "unchunked"
    plan: Plan
    setting: Setting
    inputs: Path | None = Field(default=None, description="of stages, .npz; the rest are drawn")
    outputs: Path


class ProfileRequest(Frozen):
    """Measure every package of a folder."""

    do: Literal["profile"] = "profile"
    setting: Setting
    effort: Effort
    finished: Path = Field(description="where finished measurements are kept")
    joined: Path | None = Field(default=None, description="packages of several blocks each")
    inputs: Path | None = Field(default=None, description="of stages, .npz; the rest are drawn")


class PackageRequest(Frozen):
    """Run one package and write its outputs."""

    do: Literal["package"] = "package"
    package: Path
    function: str | None = None
    runtime: str
    threads: int = Field(ge=1, description="of one compute")
    inputs: tuple[InputFile, ...] = ()
    seed: int = Field(ge=0)
    samples: int = Field(ge=1)
    outputs: Path


class Progress(Frozen):
    """How far the work is."""

    event: Literal["progress"] = "progress"
    done: int
    total: int
    what: str


class RunAnswer(Frozen):
    """A run, or the unchunked model, has come to its end; what it did was told on the way."""

    event: Literal["run"] = "run"
    outputs: tuple[StageDigests, ...]


class ProfileAnswer(Frozen):
    """A finished profile."""

    event: Literal["profile"] = "profile"
    profile: Profile


class PackageAnswer(Frozen):
    """What a package did; its outputs are in the file that was asked for."""

    event: Literal["package"] = "package"
    run: PackageRun
    environment: dict[str, str]


class Failure(Frozen):
    """The request failed, and why."""

    event: Literal["failure"] = "failure"
    problem: str
    fix: str
    exit_status: int


Request = RunRequest | ShrinkRequest | UnchunkedRequest | ProfileRequest | PackageRequest
Result = RunAnswer | ProfileAnswer | PackageAnswer
Told = Progress | Started | Begun | Ended | BudgetShrunk
Answer = Told | Result | Failure

REQUEST: TypeAdapter[Request] = TypeAdapter(Annotated[Request, Field(discriminator="do")])
ANSWER: TypeAdapter[Answer] = TypeAdapter(Annotated[Answer, Field(discriminator="event")])
