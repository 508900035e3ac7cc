"""What is planned for or simulated: a profile, on a device, under a budget, at a video's size."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from devsim.api.arguments import File, Size, size_bytes
from devsim.core.errors import ArgumentError, BadInputError
from devsim.core.profile import Profile
from devsim.core.scaling import profile_at
from devsim.core.shipped import profile_path, read_device
from devsim.core.video import Latent, parse_video
from devsim.simulation.workload import Phases, phases_of

SHIPPED = "open-sora-v1.2"
"""The workload that comes with profiles."""


@dataclass(frozen=True)
class Target:
    """Costs, what may be held, and how many loads run at once."""

    profile: Profile
    budget_bytes: int
    loaders: int


@dataclass(frozen=True)
class VideoSize:
    """The size of a video; what is None is as the profile has it.

    Attributes:
        resolution: ``144p`` to ``720p``, or height by width, such as ``192x192``.
        aspect_ratio: of a named resolution, such as ``9:16``.
        frames: seconds or frames, such as ``4s`` or ``68``.
        latent: instead of the others, the latent's frames, height and width.
    """

    resolution: str | None = None
    aspect_ratio: str | None = None
    frames: str | None = None
    latent: tuple[int, int, int] | None = None

    def applied_to(self, profile: Profile) -> Profile:
        """The profile at this size.

        Raises:
            BadInputError: a size that does not exist, or one given twice.
        """
        given = {
            name: value
            for name in ("resolution", "aspect_ratio", "frames")
            if (value := getattr(self, name)) is not None
        }
        if self.latent and given:
            raise ArgumentError(f"`latent` comes with `{next(iter(given))}`", "leave one out")
        if self.latent:
            return profile_at(profile, Latent(*self.latent))
        return profile_at(profile, parse_video(**given)) if given else profile


@dataclass(frozen=True)
class Run:
    """How often what runs: see ``devsim.simulation.workload.phases_of``."""

    iterations: Mapping[str, int]
    steps: int | None = None
    lpl_step: int | None = None
    tdtm_steps: int = 0

    def phases(self, profile: Profile) -> Phases:
        """The phases of every stage."""
        return phases_of(
            profile,
            self.iterations,
            steps=self.steps,
            lpl_step=self.lpl_step,
            tdtm_steps=self.tdtm_steps,
        )


def load_profile(workload: str = SHIPPED, *, device: str) -> Profile:
    """A profile that comes with devsim.

    Args:
        workload: its name.
        device: the name of a device, or the path of a device file.

    Raises:
        BadInputError: there is no such device, or no such profile.
    """
    return Profile.read(profile_path(workload, read_device(device).name))


def find_target(
    profile: Profile | File | None, device: str | None, workload: str | None, budget: Size | None
) -> Target:
    """The costs and limits that are asked for.

    Raises:
        BadInputError: neither profile nor device is given, they contradict each other, or there is
            no budget.
    """
    if profile is None and device is None:
        raise ArgumentError(
            "neither `device` nor `profile` is given",
            "give `device`, or `profile` and `budget`",
        )
    chosen = read_device(device) if device else None
    path = profile_path(workload or SHIPPED, chosen.name) if profile is None and chosen else profile
    found = path if isinstance(path, Profile) else Profile.read(Path(str(path)))
    if chosen and found.device != chosen.name:
        name = "the profile" if isinstance(path, Profile) else path
        raise BadInputError(
            f"{name}: was made on {found.device}, not on {chosen.name}",
            f"leave the device out and give a budget, or give a device file of {found.device}",
        )
    if budget is None and chosen is None:
        raise ArgumentError("no memory budget is given", "add `budget`, for example 3.3GB")
    limit = size_bytes(budget) if budget is not None else 0
    if chosen is None:
        return Target(found, limit, 1)
    return Target(found, limit or int(chosen.budget_bytes.value), chosen.loader_threads)
