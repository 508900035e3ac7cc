"""Text of unknown origin made fit to print: no control characters, bounded length.

Names in files and packages may hold escape sequences that move a terminal's cursor or rewrite its
title, bidirectional marks that reorder a line, lone surrogates that no encoding takes, or a
megabyte of anything.
"""

_LONGEST_QUOTE = 200


def printable(text: str) -> str:
    """Replace every character that is not printable by its Python escape."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def printable_lines(text: str) -> str:
    """Like ``printable``, but line ends stay."""
    return "\n".join(map(printable, text.split("\n")))


def quoted(text: str, longest: int = _LONGEST_QUOTE) -> str:
    """One printable line of at most ``longest`` characters; what is cut is marked by dots."""
    start = printable(text[:longest])
    return start if len(text) <= longest >= len(start) else start[:longest] + "..."
