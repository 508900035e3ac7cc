"""Variants of a document: an edit of every field, then whatever else stands in its place."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

from fuzz.arena import root_of
from fuzz.corpus.places import places, replaced
from fuzz.corpus.text import ROOT, Document, Language
from fuzz.corpus.variant import Command, Variant
from fuzz.corpus.walk import edits

_NAMES = {
    "escapes": "\x1b[31m{}",
    "markup": "[bold]{}",
    "bidi": "\u202e{}",
    "bytes": "\udcff{}",
    "long": "n" * 250 + "{}",
    "dashes": "--{}",
}
_COSTLY_EVERY = 12
"""One edit of so many is read by the commands that take long, too."""


def document_variants(
    kind: str,
    relative: str,
    document: Document,
    language: Language,
    commands: tuple[Command, ...],
    *,
    thorough: tuple[Command, ...] = (),
    maps: frozenset[str] = frozenset(),
    encode: Callable[[str], bytes] = str.encode,
) -> Iterator[Variant]:
    """Every variant of a document.

    Args:
        kind: of file.
        relative: where the working folder has it.
        document: the valid one.
        language: that it is written in.
        commands: what reads it.
        thorough: what reads some variants besides, because it takes long.
        maps: names of fields whose keys are names.
        encode: the file's bytes from its text.
    """
    for number, (name, edited) in enumerate(edits(document, language, maps)):
        build = written(relative, edited, language, encode)
        costly = thorough if number % _COSTLY_EVERY == 0 else ()
        yield Variant(f"{kind}/{name}", build, (*commands, *costly))
    for what, text in language.whole.items():
        data = encode(text.text + language.write(document))
        yield Variant(f"{kind}/before={what}", replaced(relative, data), commands)
    yield from places(f"{kind}/file", relative, commands, thorough)
    if "/" not in relative:
        yield from _called(kind, relative, commands)


def _called(kind: str, relative: str, commands: tuple[Command, ...]) -> Iterator[Variant]:
    """The valid file, and one that is none, under hostile names."""
    for what, form in _NAMES.items():
        name = form.format(relative)
        for state, build in (("valid", _moved(relative, name)), ("missing", lambda work: None)):
            renamed = tuple(each.on(relative, name) for each in commands)
            yield Variant(f"{kind}/called-{what}={state}", build, renamed)


def _moved(relative: str, name: str) -> Callable[[Path], None]:
    def build(work: Path) -> None:
        with contextlib.suppress(OSError):  # longer than a name may be
            (work / relative).rename(work / name)

    return build


def written(
    relative: str,
    document: Document,
    language: Language,
    encode: Callable[[str], bytes] = str.encode,
) -> Callable[[Path], None]:
    """Writes a document into a working folder."""

    def build(work: Path) -> None:
        text = language.write(document).replace(ROOT, str(root_of(work)))
        path = work / relative
        path.unlink(missing_ok=True)
        path.write_bytes(encode(text))

    return build
