"""Documents as text, JSON or TOML, with text of any kind in any place of them."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Document = Any
"""Of dictionaries, lists, texts and numbers; ``Raw`` for any of them, ``Many`` for a list."""

ROOT = "@ROOT@"
"""Stands for the arena's root where a value is an absolute path."""

_DEPTH = 100_000


@dataclass(frozen=True, slots=True)
class Raw:
    """What is written as it is."""

    text: str


@dataclass(frozen=True, slots=True)
class Many:
    """A list of the same item again and again, written out only when the file is."""

    item: str
    count: int


@dataclass(frozen=True, slots=True)
class Language:
    """How a document is written, and what hostile values look like in it."""

    write: Callable[[Document], str]
    item: Callable[[Document], str]
    texts: Mapping[str, Raw]
    numbers: Mapping[str, Raw]
    wrong: Mapping[str, Raw]
    deep: Mapping[str, Raw]
    whole: Mapping[str, Raw]
    """What is put before everything else in a file."""


TEXTS = {
    "escape": "../../../ESCAPED/owned",
    "private": "../../../private",
    "absolute": f"{ROOT}/ESCAPED",
    "ansi": "\x1b[31mred\x9b0m\x1b]0;title\x07",
    "markup": "[bold]x[/][/]",
    "bidi": "\u202egnp.exe\u2066\r\nnext\x85\u2028",
    "megabyte": "m" * 1_000_000,
    "long": "n" * 300,
}
"""Hostile texts, for whatever holds one."""

_NUMBERS = {
    "negative": "-1",
    "trillion": "1000000000000",
    "2^63": str(2**63),
    "1e308": "1e308",
    "300-digits": "9" * 300,
    "5000-digits": "9" * 5000,
    "true": "true",
}
_WRONG = {
    "nul": '"a\\u0000b"',
    "zero": "0",
    "list": "[]",
    "empty": '""',
    "object": "{}",
    "half": "0.5",
    "text": '"x"',
}
_QUOTED = {name: json.dumps(text) for name, text in TEXTS.items()}
_LISTS = "[" * _DEPTH + "]" * _DEPTH


def _raw(texts: Mapping[str, str]) -> dict[str, Raw]:
    return {name: Raw(text) for name, text in texts.items()}


def _writer(between: str) -> Callable[[Document], str]:
    def write(value: Document) -> str:
        if isinstance(value, Raw):
            return value.text
        if isinstance(value, Many):
            return "[" + ",".join([value.item] * value.count) + "]"
        if isinstance(value, dict):
            members = (f"{write(key)}{between}{write(each)}" for key, each in value.items())
            return "{" + ", ".join(members) + "}"
        if isinstance(value, list | tuple):
            return "[" + ", ".join(map(write, value)) + "]"
        return json.dumps(value)

    return write


_toml_item = _writer(" = ")


def _toml(value: Document) -> str:
    """A line for each field; tables are written inline, and what is not there is left out."""
    if not isinstance(value, dict):
        return _toml_item(value)
    return "".join(f"{_toml_item(key)} = {_toml_item(each)}\n" for key, each in value.items())


JSON = Language(
    write=_writer(": "),
    item=_writer(": "),
    texts=_raw(_QUOTED | {"surrogate": '"\\ud800"'}),
    numbers=_raw(_NUMBERS | {"nan": "NaN"}),
    wrong=_raw({"null": "null", **_WRONG, "infinity": "-Infinity"}),
    deep=_raw({"deep-list": _LISTS, "deep-object": '{"a":' * _DEPTH + "1" + "}" * _DEPTH}),
    whole={},
)
TOML = Language(
    write=_toml,
    item=_toml_item,
    texts=_raw(_QUOTED),
    numbers=_raw(_NUMBERS | {"nan": "nan"}),
    wrong=_raw({"date": "1979-05-27", **_WRONG, "infinity": "-inf"}),
    deep=_raw(
        {
            "deep-list": _LISTS,
            "deep-object": "{a=" * _DEPTH + "1" + "}" * _DEPTH,
            "deep-key": "{" + "a." * _DEPTH + "a = 1}",
        }
    ),
    whole=_raw(
        {
            "deep-key": "a." * _DEPTH + "a = 1\n",
            "less-deep-key": "a." * 10_000 + "a = 1\n",
            "deep-table": "[" + "a." * _DEPTH + "a]\n",
            "deep-tables": "[[" + "a." * 10_000 + "a]]\n",
            "many-tables": "".join(f"[t{n}]\n" for n in range(50_000)),
            "many-keys": "".join(f"k{n} = 1\n" for n in range(100_000)),
            "long-comment": "#" + "x" * 2_000_000 + "\n",
            "escape-in-comment": "# \x1b[31m\n",
        }
    ),
)
