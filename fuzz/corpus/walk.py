"""A walk over every field of a document: each is replaced, left out, doubled and added to."""

from collections.abc import Iterator
from typing import Any

from fuzz.corpus.text import Document, Language, Many, Raw

Place = tuple[str | int, ...]
"""Where in a document: keys, and numbers of list items."""

_LONG_LIST_BYTES = 3_000_000
_LONGEST = 1_000_000
_TURNS = 2
"""How many of the plainly wrong edits a field gets; they take turns from field to field."""


def edits(
    document: Document, language: Language, maps: frozenset[str] = frozenset()
) -> Iterator[tuple[str, Document]]:
    """Every hostile edit of a valid document, by name.

    Of objects that have the same fields the first is walked, and of a list the first item.

    Args:
        document: the valid one.
        language: what the hostile values are written in.
        maps: names of fields whose keys are not fields but names.
    """
    for number, (place, value) in enumerate(_places(document, (), set(), maps)):
        where = ".".join(map(str, place)) or "whole"
        for what, other in _replacements(value, language):
            yield f"{where}={what}", put(document, place, other)
        for what, edited in _in_turn(number, list(_wrong(document, place, value, language))):
            yield f"{where}={what}", edited
        if isinstance(value, dict):
            yield f"{where}=unknown", put(document, place, {**value, "unheard_of": 1})
        if place and place[-1] in maps and value:
            (_, inner), *others = value.items()
            for what, text in language.texts.items():
                yield f"{where}.key={what}", put(document, place, {text: inner, **dict(others)})


def put(document: Document, place: Any, value: Document) -> Document:
    """A copy of the document with another value in a place."""
    if not place:
        return value
    first, *rest = place
    inner = put(document[first], rest, value)
    if isinstance(document, list):
        return [*document[:first], inner, *document[first + 1 :]]
    return {**document, first: inner}


def _places(
    value: Document, at: Place, seen: set[frozenset[str]], maps: frozenset[str]
) -> Iterator[tuple[Place, Document]]:
    yield at, value
    if isinstance(value, list) and value:
        yield from _places(value[0], (*at, 0), seen, maps)
    elif isinstance(value, dict) and at and at[-1] in maps:
        for key in list(value)[:1]:
            yield from _places(value[key], (*at, key), seen, maps)
    elif isinstance(value, dict) and frozenset(value) not in seen:
        seen.add(frozenset(value))
        for key in value:
            yield from _places(value[key], (*at, key), seen, maps)


def _replacements(value: Document, language: Language) -> Iterator[tuple[str, Raw | Many]]:
    if isinstance(value, str):
        yield from language.texts.items()
    elif isinstance(value, bool):
        return
    elif isinstance(value, int | float):
        yield from language.numbers.items()
    elif value is None:
        yield from (*language.texts.items(), *language.numbers.items())
    else:
        yield from language.deep.items()
    if isinstance(value, list) and value:
        item = language.item(value[0])
        yield "many", Many(item, min(_LONG_LIST_BYTES // len(item), _LONGEST))
        yield "same", Many(item, 2)


def _wrong(
    document: Document, place: Place, value: Document, language: Language
) -> Iterator[tuple[str, Document]]:
    for what, text in language.wrong.items():
        yield what, put(document, place, text)
    if place and isinstance(place[-1], str):
        *outer, key = place
        fields = document
        for each in outer:
            fields = fields[each]
        rest = {name: each for name, each in fields.items() if name != key}
        yield "missing", put(document, outer, rest)
        again = {**fields, Raw(language.item(key)): value}
        yield "twice", put(document, outer, again)


def _in_turn(number: int, every: list[tuple[str, Document]]) -> list[tuple[str, Document]]:
    first = number * _TURNS
    return [every[(first + each) % len(every)] for each in range(_TURNS)]
