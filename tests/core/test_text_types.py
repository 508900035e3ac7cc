"""No text of a file is trusted: every field of every file has a type that says what it may hold."""

import re
import types
import typing

import pytest
from pydantic import TypeAdapter, ValidationError
from pydantic_core import PydanticUndefined

from devsim.calibration.totals import Totals
from devsim.convert.records import Record
from devsim.core.chrome import SpanArgs, TraceMetadata
from devsim.core.device import Device
from devsim.core.files import Frozen
from devsim.core.manifest import Manifest
from devsim.core.plan import Plan
from devsim.core.profile import Profile
from devsim.core.text_types import ChunkName, Digest, Label, Name, OptionalName, Remark

FILES = (Profile, Plan, Manifest, Record, Device, Totals, TraceMetadata, SpanArgs)
HOSTILE = ("\x1b[2J", "a\nb", "\u202egnp", "a\0b", "\x9b31m", "a\rb", "x" * 20_000, "\ud800")
OUTSIDE = (
    "../up",
    "/etc",
    "a/b",
    "a\\b",
    "..",
    ".hidden",
    "-rf",
    "",
    "a b",
    "[bold]",
    "~",
    "$HOME",
)


@pytest.mark.parametrize("kind", [Name, ChunkName, OptionalName, Digest, Label, Remark])
@pytest.mark.parametrize("text", HOSTILE)
def test_no_kind_of_text_takes_what_harms_a_terminal(kind, text):
    with pytest.raises(ValidationError):
        TypeAdapter(kind).validate_python(text)


@pytest.mark.parametrize("text", OUTSIDE)
def test_a_name_is_a_part_of_a_path(text):
    with pytest.raises(ValidationError):
        TypeAdapter(Name).validate_python(text)


@pytest.mark.parametrize("text", ["stdit", "st_00", "t5.int8", "open-sora-v1.2", "c++", "_a", "0"])
def test_ordinary_names(text):
    assert TypeAdapter(Name).validate_python(text) == text


def models(model: type[Frozen], seen: set[type]) -> set[type]:
    """A model and all models in its fields."""
    if model not in seen:
        seen.add(model)
        for field in model.model_fields.values():
            for inner in inner_types(field.annotation):
                if isinstance(inner, type) and issubclass(inner, Frozen):
                    models(inner, seen)
    return seen


def inner_types(annotation):
    yield annotation
    for each in typing.get_args(annotation):
        yield from inner_types(each)


def bare(annotation, metadata) -> set[type]:
    """Texts and numbers in a field's type that nothing restricts."""
    if typing.get_origin(annotation) is typing.Annotated:
        inner, *own = typing.get_args(annotation)
        return bare(inner, own)
    if typing.get_origin(annotation) is typing.Literal:
        return set()
    if annotation in (str, int):
        return set() if metadata else {annotation}
    if typing.get_origin(annotation) in (types.UnionType, typing.Union):
        return set().union(*(bare(each, metadata) for each in typing.get_args(annotation)))
    return set().union(*(bare(each, ()) for each in typing.get_args(annotation)))


def test_every_text_and_number_of_every_file_has_a_range():
    for model in sorted(set().union(*(models(m, set()) for m in FILES)), key=lambda m: m.__name__):
        for name, field in model.model_fields.items():
            found = bare(field.annotation, field.metadata)
            assert not found, f"{model.__name__}.{name} is a bare {found}"


def test_schemas_say_what_a_name_is():
    schema = Manifest.model_json_schema()
    assert re.fullmatch(schema["properties"]["workload"]["pattern"], "open-sora-v1.2")
    assert Manifest.model_fields["workload"].default is PydanticUndefined
