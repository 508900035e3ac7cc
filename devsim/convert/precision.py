"""Precisions of packages, and which stage gets which."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Literal, get_args

from devsim.core.errors import BadInputError

if TYPE_CHECKING:
    from devsim.convert.source import StageSource

Precision = Literal["fp32", "fp16", "int8", "int6", "int4"]
"""``fp32`` and ``fp16`` are of weights and arithmetic. ``int8`` are weights with a scale a channel,
``int6`` and ``int4`` weights that index a table of 64 or 16 values; their arithmetic is fp32."""

PRECISIONS: tuple[Precision, ...] = get_args(Precision)

LOWEST_PSNR_DB: Mapping[str, float] = {"fp32": 100.0, "fp16": 45.0}
"""Of a package against torch; what a precision that is not listed gives is told, not judged."""

Choice = Mapping[str, tuple[Precision, ...]]
"""Precisions by stage; the first is the stage's default variant, the others are alternatives."""


def default_choice(stages: Iterable["StageSource"]) -> Choice:
    """Every stage in the precision that its workload names."""
    return {stage.name: (_precision(stage.precision),) for stage in stages}


def read_choice(texts: Sequence[str], stages: Sequence["StageSource"]) -> Choice:
    """Read ``PRECISION`` and ``STAGE=PRECISION+PRECISION`` options over the stages' defaults.

    A text without a stage is for all stages that no other text names.

    Raises:
        BadInputError: an unknown stage or precision, or one said twice.
    """
    names = [stage.name for stage in stages]
    said: dict[str, tuple[Precision, ...]] = {}
    for text in texts:
        stage, _, wanted = text.rpartition("=")
        if "=" in text and stage not in names:
            raise BadInputError(f"no stage '{stage}'", f"choose one of: {', '.join(names)}")
        if stage in said:
            raise BadInputError(
                f"precision '{text}' comes after another one for the same",
                "name several precisions of a stage with a plus, such as stdit=fp32+int8",
            )
        said[stage] = _precisions(wanted)
    rest = said.pop("", None)
    everywhere = dict.fromkeys(names, rest) if rest else default_choice(stages)
    return {**everywhere, **said}


def _precisions(text: str) -> tuple[Precision, ...]:
    found = tuple(_precision(name) for name in text.split("+"))
    if len(set(found)) != len(found):
        raise BadInputError(f"precision '{text}' names one twice", "name each once")
    return found


def _precision(text: str) -> Precision:
    for known in PRECISIONS:
        if text == known:
            return known
    raise BadInputError(f"no precision '{text}'", f"choose one of: {', '.join(PRECISIONS)}")
