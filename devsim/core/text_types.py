"""The kinds of text that files may hold; nothing read from a file is trusted to be short or clean.

A name is safe as a part of a path and in a terminal. A label names something that devsim did not
make, such as a tensor of a package. A remark is prose for people.
"""

from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from devsim.core.printable import quoted

LONGEST_NAME = 100
"""A chunk is named after two blocks, and no file system takes more than 255 bytes."""
_LONGEST_LABEL = 1_000
_LONGEST_REMARK = 10_000


def _one_line(text: str) -> str:
    if not text.isprintable():
        raise ValueError(f"'{quoted(text)}' has characters that cannot be printed")
    return text


Name = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9_][A-Za-z0-9._+-]*$", max_length=LONGEST_NAME),
    Field(description="letters, digits and . _ + -; does not begin with . + or -"),
]
ChunkName = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9_][A-Za-z0-9._+-]*$", max_length=2 * LONGEST_NAME + 2),
    Field(description="a block's name, or FIRST..LAST"),
]
OptionalName = Annotated[
    str,
    StringConstraints(pattern=r"^([A-Za-z0-9_][A-Za-z0-9._+-]*)?$", max_length=LONGEST_NAME),
    Field(description="a name, or empty"),
]
Label = Annotated[str, StringConstraints(max_length=_LONGEST_LABEL), AfterValidator(_one_line)]
Remark = Annotated[str, StringConstraints(max_length=_LONGEST_REMARK), AfterValidator(_one_line)]
Digest = Annotated[
    str,
    StringConstraints(pattern=r"^[0-9a-f]*$", max_length=64),
    Field(description="SHA-256 in hexadecimal; empty when unknown"),
]
