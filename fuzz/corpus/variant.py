"""What a corpus is made of: kinds of file, hostile variants, and commands that read them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Command:
    """A command line that reads the file.

    Attributes:
        args: of ``devsim``; paths are relative to the folder it runs in.
        output: what it may write, relative to that folder; None: nothing.
        resumes: whether what is finished may stay there when the command fails.
        like: the command that tells what this one takes on the valid file; None: itself.
    """

    args: tuple[str, ...]
    output: str | None = None
    resumes: bool = False
    like: "Command | None" = None

    def on(self, name: str, other: str) -> "Command":
        """The same command on a file of another name."""
        args = tuple(other if each == name else each for each in self.args)
        return replace(self, args=args, like=self.like or self)

    @property
    def usual(self) -> "Command":
        """The command on the valid file."""
        return self.like or self

    @property
    def verb(self) -> str:
        """The verb."""
        return self.args[0]


@dataclass(frozen=True, slots=True)
class Variant:
    """A small hostile file.

    Attributes:
        name: unique in the corpus: ``KIND/WHERE=WHAT``.
        build: makes the folder, in which the valid files lie, hostile.
        commands: what reads it.
    """

    name: str
    build: Callable[[Path], None] = field(repr=False)
    commands: tuple[Command, ...]

    @property
    def kind(self) -> str:
        """The kind of file."""
        return self.name.partition("/")[0]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of file.

    Attributes:
        name: of the kind.
        lay: puts the valid files into a folder, from the folder of seeds.
        commands: every command that the variants are read with.
        variants: makes the variants, from the folder of seeds.
        needs_torch: whether a command imports torch in its own process.
    """

    name: str
    lay: Callable[[Path, Path], None]
    commands: tuple[Command, ...]
    variants: Callable[[Path], Iterator[Variant]]
    needs_torch: bool = False
