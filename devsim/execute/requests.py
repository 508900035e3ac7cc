"""What is asked of the worker process and what it answers: a line of JSON each."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from devsim.core.chrome import SpanArgs
from devsim.core.files import Frozen
from devsim.core.plan import Plan
from devsim.core.profile import Profile
from devsim.execute.measure import Effort
from devsim.execute.package_run import PackageRun


class RunRequest(Frozen):
    """Run a plan once."""

    do: Literal["run"] = "run"
    plan: Plan
    models: Path
    runtime: str
    threads: int = Field(ge=1, description="of one compute")


class ProfileRequest(Frozen):
    """Measure every package of a folder."""

    do: Literal["profile"] = "profile"
    models: Path
    runtime: str
    threads: int = Field(ge=1, description="of one compute")
    effort: Effort
    finished: Path = Field(description="where finished measurements are kept")


class PackageRequest(Frozen):
    """Run one package and write its outputs."""

    do: Literal["package"] = "package"
    package: Path
    runtime: str
    threads: int = Field(ge=1, description="of one compute")
    inputs: Path | None
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
    """A run that has ended; span times count from ``started_ns`` (time.monotonic_ns)."""

    event: Literal["run"] = "run"
    started_ns: int
    started_bytes: int
    spans: tuple[SpanArgs, ...]
    outputs_digest: str
    environment: dict[str, str]


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
    """An error that the user can mend."""

    event: Literal["failure"] = "failure"
    problem: str
    fix: str
    exit_status: int


Request = RunRequest | ProfileRequest | PackageRequest
Answer = Progress | RunAnswer | ProfileAnswer | PackageAnswer | Failure

REQUEST: TypeAdapter[Request] = TypeAdapter(Annotated[Request, Field(discriminator="do")])
ANSWER: TypeAdapter[Answer] = TypeAdapter(Annotated[Answer, Field(discriminator="event")])
