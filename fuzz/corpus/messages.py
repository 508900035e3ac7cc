"""A walk over every field of a protobuf message: texts, numbers, lists, maps and what is nested."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

from google.protobuf.descriptor import FieldDescriptor  # type: ignore[import-untyped]

from fuzz.corpus.text import TEXTS

Message = Any
"""Of a generated class, which has no types."""
Edit = Callable[[Message], object]
"""Changes a message in place."""
_Step = tuple[str, Any]

_INTEGERS = {
    FieldDescriptor.CPPTYPE_INT32: (-1, 2**31 - 1, -(2**31)),
    FieldDescriptor.CPPTYPE_UINT32: (0, 2**32 - 1),
    FieldDescriptor.CPPTYPE_INT64: (-1, 2**31, 2**63 - 1, -(2**63)),
    FieldDescriptor.CPPTYPE_UINT64: (0, 2**31, 2**60, 2**64 - 1),
    FieldDescriptor.CPPTYPE_ENUM: (0, 99, 2**31 - 1),
}
_FLOATS = (float("nan"), float("inf"), -1e38)
_MANY = 20_000


def message_edits(message: Message) -> Iterator[tuple[str, Edit]]:
    """Every hostile edit by name; each field of a type is changed where it first comes."""
    for place, name in _fields(message, (), set()):
        where = ".".join(f"{field}[{_short(key)}]" for field, key in place)
        for what, change in _changes(_at(message, place), name):
            yield f"{where}.{name}={what}".lstrip("."), _edit(place, change)


def _short(key: object) -> str:
    return "" if key is None else str(key)


def _fields(
    message: Message, at: tuple[_Step, ...], seen: set[tuple[str, str]]
) -> Iterator[tuple[tuple[_Step, ...], str]]:
    for field, value in message.ListFields():
        key = (message.DESCRIPTOR.full_name, field.name)
        if key not in seen:
            seen.add(key)
            yield at, field.name
        if field.cpp_type != FieldDescriptor.CPPTYPE_MESSAGE:
            continue
        for step, inner in _inner(field, value):
            yield from _fields(inner, (*at, (field.name, step)), seen)


def _inner(field: FieldDescriptor, value: Any) -> Iterator[tuple[Any, Message]]:
    if _is_map(field):
        if field.message_type.fields_by_name["value"].message_type is not None:
            yield from sorted(value.items())
    elif _is_repeated(field):
        yield from enumerate(value)
    else:
        yield None, value


def _is_map(field: FieldDescriptor) -> bool:
    return field.message_type is not None and bool(field.message_type.GetOptions().map_entry)


def _is_repeated(field: FieldDescriptor) -> bool:
    return bool(field.is_repeated)


def _at(message: Message, place: tuple[_Step, ...]) -> Message:
    for name, key in place:
        inner = getattr(message, name)
        message = inner if key is None else inner[key]
    return message


def _edit(place: tuple[_Step, ...], change: Edit) -> Edit:
    return lambda message: change(_at(message, place))


def _changes(message: Message, name: str) -> Iterator[tuple[str, Edit]]:
    field = message.DESCRIPTOR.fields_by_name[name]
    yield "missing", lambda m: m.ClearField(name)
    if _is_map(field):
        yield from _map_changes(message, name)
    elif _is_repeated(field):
        yield "same", lambda m: getattr(m, name).extend(list(getattr(m, name)))
        yield "many", lambda m: getattr(m, name).extend([getattr(m, name)[0]] * _MANY)
        if field.cpp_type != FieldDescriptor.CPPTYPE_MESSAGE:
            for what, value in _values(field):
                yield what, partial(_set_first, name, value)
    elif field.cpp_type != FieldDescriptor.CPPTYPE_MESSAGE:
        for what, value in _values(field):
            yield what, partial(_set, name, value)


def _set(name: str, value: object, message: Message) -> None:
    setattr(message, name, value)


def _set_first(name: str, value: object, message: Message) -> None:
    getattr(message, name)[0] = value


def _map_changes(message: Message, name: str) -> Iterator[tuple[str, Edit]]:
    key = min(getattr(message, name))
    if not isinstance(key, str):
        return
    for what, text in TEXTS.items():

        def rename(message: Message, text: str = text) -> None:
            inner = getattr(message, name)
            if hasattr(inner[key], "CopyFrom"):
                inner[text].CopyFrom(inner[key])
            else:
                inner[text] = inner[key]
            del inner[key]

        yield f"key-{what}", rename


def _values(field: FieldDescriptor) -> Iterator[tuple[str, Any]]:
    if field.type == FieldDescriptor.TYPE_STRING:
        yield from TEXTS.items()
        yield "nul", "a\0b"
        yield "empty", ""
    elif field.type == FieldDescriptor.TYPE_BYTES:
        yield from (("empty", b""), ("long", bytes(1_000_000)), ("other", b"\xff\xfe\x1b"))
    elif field.cpp_type in _INTEGERS:
        yield from ((str(value), value) for value in _INTEGERS[field.cpp_type])
    elif field.cpp_type in (FieldDescriptor.CPPTYPE_FLOAT, FieldDescriptor.CPPTYPE_DOUBLE):
        yield from ((str(value), value) for value in _FLOATS)
    else:
        yield from (("false", False), ("true", True))


def nested(fields: Sequence[int], depth: int, inner: bytes = b"") -> bytes:
    """A message in a field of a message in a field ..., so deep, made from the inside out.

    Args:
        fields: numbers of the fields that take turns, the outermost first.
        depth: how many times they all come.
        inner: the innermost message.
    """
    heads = []
    size = len(inner)
    for field in reversed([*fields] * depth):
        head = _varint(field << 3 | 2) + _varint(size)
        heads.append(head)
        size += len(head)
    return b"".join(reversed(heads)) + inner


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
