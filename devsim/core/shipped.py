"""The device files and profiles that come with devsim."""

from pathlib import Path

from devsim.core.device import Device
from devsim.core.errors import BadInputError
from devsim.core.profile import Profile
from devsim.core.scaling import is_work_missing, with_work_of


def profiles_folder() -> Path:
    """Where the shipped files are: inside an installed wheel, or beside a source checkout."""
    package = Path(__file__).parents[1]
    installed = package / "profiles"
    return installed if installed.is_dir() else package.parent / "profiles"


def device_names() -> list[str]:
    """The devices that ``--device`` knows by name."""
    return sorted(path.stem for path in (profiles_folder() / "devices").glob("*.toml"))


def read_device(name_or_path: str) -> Device:
    """Read a device by name, or from a path that ends in ``.toml``.

    Raises:
        BadInputError: there is no such device.
    """
    if name_or_path.endswith(".toml"):
        return Device.read(Path(name_or_path))
    if name_or_path not in device_names():
        known = ", ".join(device_names())
        raise BadInputError(f"unknown device '{name_or_path}'", f"use one of: {known}; or a .toml")
    return Device.read(profiles_folder() / "devices" / f"{name_or_path}.toml")


def profile_path(workload: str, device: str) -> Path:
    """The shipped profile of a workload on a device; the first by name when there are several.

    Raises:
        BadInputError: there is none.
    """
    found = sorted((profiles_folder() / workload).glob(f"{device}-*.json"))
    if not found:
        raise BadInputError(
            f"no profile of '{workload}' for '{device}' comes with devsim",
            "measure one with devsim profile and name it with --profile",
        )
    return found[0]


def with_shipped_work(profile: Profile) -> Profile:
    """A profile with its blocks' work, where a shipped profile of the workload lists it."""
    folder = profiles_folder() / profile.workload
    if not is_work_missing(profile) or not folder.is_dir():
        return profile
    for path in sorted(folder.glob("*.json")):
        counted = Profile.read(path)
        if counted.size == profile.size and not is_work_missing(counted):
            return with_work_of(profile, counted)
    return profile
