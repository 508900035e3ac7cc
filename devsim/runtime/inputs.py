"""Makes of what a user gives what a package takes, as far as coremltools does.

coremltools' ``MLModel.predict`` hands lists, tensors and arrays of other dtypes to Core ML, which
converts them to what the model declares. Floating-point inputs are rounded likewise here; integers
are taken from any dtype whose values they hold, as Core ML's documentation does not say what
becomes of others.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from devsim.core.errors import BadInputError
from devsim.runtime.images import to_pixels
from devsim.runtime.protocol import Array, Choice, TensorSpec

_SHOWN = 6
_KEPT = re.compile("[^a-zA-Z0-9_]")


@dataclass(frozen=True, slots=True)
class Fitted:
    """Inputs that are what a package takes.

    Attributes:
        tensors: by the package's names, every input of it.
        notes: what was done to those that were given otherwise, a line each.
    """

    tensors: dict[str, Array]
    notes: tuple[str, ...]


def fit_inputs(package: Path, specs: Sequence[TensorSpec], given: Mapping[str, object]) -> Fitted:
    """Rename, convert and complete what is given.

    Args:
        package: whose inputs they are.
        specs: what it takes.
        given: arrays, or what numpy makes an array of (a list, a tensor, a PIL picture), by the
            package's names or by those that coremltools had made them of.

    Raises:
        BadInputError: an input is missing, unknown, of a shape that is not admitted, or of values
            that its dtype does not hold.
    """
    notes: list[str] = []
    named = _by_own_names(package, specs, given, notes)
    missing = sorted(each.name for each in specs if each.default is None and each.name not in named)
    if missing:
        names = ", ".join(sorted(each.name for each in specs))
        raise BadInputError(f"{package}: '{missing[0]}' is missing", f"give {names}")
    tensors: dict[str, Array] = {}
    for spec in specs:
        if spec.name in named:
            tensors[spec.name] = _fitted(package, spec, named[spec.name], notes)
        else:
            tensors[spec.name] = np.full(spec.shape, spec.default or 0, spec.dtype)
            notes.append(f"'{spec.name}' is not given: all of it is {spec.default:g}, its default")
    _check_together(package, specs, tensors)
    return Fitted(tensors, tuple(notes))


def shown_shapes(spec: TensorSpec) -> str:
    """The shapes a port takes, as a user reads them."""
    if not spec.choices:
        return str(spec.shape)
    texts = [f"({', '.join(_sizes(*each) for each in choice)})" for choice in spec.choices]
    more = f" or {len(texts) - _SHOWN} others" if len(texts) > _SHOWN else ""
    return " or ".join(texts[:_SHOWN]) + more


def own_name(name: str, own: Sequence[str]) -> str | None:
    """Which of a package's own names is meant by one that coremltools may have replaced.

    See its ``NameSanitizer``: letters that are not of names become underscores.
    """
    kept = _KEPT.sub("_", name)
    forms = name, kept, f"_{kept}", f"var_{kept}", f"var{kept}", f"{kept}_workaround"
    return next((form for form in forms if form in own), None)


def _by_own_names(
    package: Path, specs: Sequence[TensorSpec], given: Mapping[str, object], notes: list[str]
) -> dict[str, object]:
    own = [spec.name for spec in specs]
    named = {name: value for name, value in given.items() if name in own}
    for name in sorted(given.keys() - named.keys()):
        meant = own_name(name, own)
        if meant is None or meant in named:
            names = ", ".join(own) or "it has none"
            raise BadInputError(f"{package}: has no input '{name}'", f"its inputs are: {names}")
        named[meant] = given[name]
        notes.append(f"'{name}' is taken for the package's input '{meant}'")
    return named


def _fitted(package: Path, spec: TensorSpec, value: object, notes: list[str]) -> Array:
    try:
        array: Array = np.asarray(value)
    except (TypeError, ValueError, RuntimeError) as error:
        raise _refused(package, spec, type(value).__name__) from error
    given = f"{array.dtype} {array.shape}"
    if spec.color is not None:
        array = to_pixels(array, spec.color)
    if not spec.shape and array.shape == (1,):
        array = array.reshape(())  # Core ML has no array without dimensions
    if not spec.admits(array.shape):
        raise _refused(package, spec, given + _said_by_coreml(spec, array.shape))
    if array.dtype == np.dtype(spec.dtype):
        return array
    if array.dtype.kind not in "biuf":
        raise _refused(package, spec, given)
    return _converted(package, spec, array, notes)


def _converted(package: Path, spec: TensorSpec, array: Array, notes: list[str]) -> Array:
    with np.errstate(all="ignore"):
        converted = array.astype(spec.dtype)
        exact = np.array_equal(converted, array, equal_nan=converted.dtype.kind == "f")
        infinite = np.count_nonzero(np.isfinite(array) & ~np.isfinite(converted))
    if converted.dtype.kind != "f" and not exact:
        raise _refused(package, spec, f"{array.dtype} with values that {spec.dtype} does not hold")
    done = "taken as" if exact else "rounded to"
    beyond = f", and {infinite} of its values are infinite then" if infinite else ""
    notes.append(f"'{spec.name}' is given as {array.dtype} and {done} {spec.dtype}{beyond}")
    return converted


def _refused(package: Path, spec: TensorSpec, given: str) -> BadInputError:
    return BadInputError(
        f"{package}: input '{spec.name}' is {given}",
        f"give it as {spec.dtype} {shown_shapes(spec)}",
    )


def _said_by_coreml(spec: TensorSpec, shape: tuple[int, ...]) -> str:
    """What Core ML says of such a shape, for those who look for its words."""
    if spec.enumerated:
        sizes = " x ".join(map(str, shape))
        return f" (MultiArray Shape ({sizes}) was not in enumerated set of allowed shapes)"
    for choice in spec.choices:
        outside = [(size, at, choice[at]) for at, size in enumerate(shape[: len(choice)])]
        for size, at, (low, high) in outside:
            if len(shape) == len(choice) and (size < low or (high is not None and size > high)):
                bounds = f"{low}..{'' if high is None else high}"
                return f" (Size ({size}) of dimension ({at}) is not in allowed range ({bounds}))"
    return ""


def _check_together(
    package: Path, specs: Sequence[TensorSpec], tensors: Mapping[str, Array]
) -> None:
    """Core ML takes inputs of enumerated shapes only from the same place in each list."""
    listed = [spec for spec in specs if spec.enumerated]
    places = [
        {at for at, choice in enumerate(spec.choices) if _is(choice, tensors[spec.name].shape)}
        for spec in listed
    ]
    if listed and not set.intersection(*places):
        shapes = ", ".join(f"'{spec.name}' is {tensors[spec.name].shape}" for spec in listed)
        first = ", ".join(f"'{spec.name}' as {_sizes_of(spec.choices[0])}" for spec in listed)
        raise BadInputError(
            f"{package}: {shapes}, which Core ML does not take together",
            f"give shapes from the same place in each input's list, for example {first}",
        )


def _is(choice: Choice, shape: tuple[int, ...]) -> bool:
    return tuple(low for low, _ in choice) == shape


def _sizes_of(choice: Choice) -> str:
    return str(tuple(low for low, _ in choice))


def _sizes(low: int, high: int | None) -> str:
    return str(low) if low == high else f"{low} to {'any' if high is None else high}"
