"""Names of a joined program: kept where they are free, else with the block's name before them."""

from collections.abc import Iterator, Mapping, Sequence

from devsim.convert.mil.graph import Node
from devsim.convert.mil.proto import Message


class Names:
    """The names that are taken.

    Args:
        kept: names that only one block may take, and that block.
    """

    def __init__(self, kept: Mapping[str, str]) -> None:
        self._kept = kept
        self._taken: set[str] = set()

    def take(self, name: str, block: str) -> str:
        """Take a name for a block's value; the name, or one like it that is free."""
        if name in self._taken or self._kept.get(name, block) != block:
            name = f"{_identifier(block)}_{name}"
        while name in self._taken or self._kept.get(name, block) != block:
            name += "_"
        self._taken.add(name)
        return name

    def fresh(self, nodes: Sequence[Node], block: str) -> dict[str, str]:
        """Take names for all that a block's operations make."""
        made = dict.fromkeys(name for node in nodes for name in _made(node.message))
        return {name: self.take(name, block) for name in made}


def renamed(operation: Message, names: Mapping[str, str]) -> None:
    """Rename what an operation reads and makes, at any depth; changes the message."""
    for argument in operation.inputs.values():
        for binding in argument.arguments:
            if binding.WhichOneof("binding") == "name":
                binding.name = names[binding.name]
    for named in operation.outputs:
        named.name = names[named.name]
    for label in _label(operation):
        operation.attributes["name"].immediateValue.tensor.strings.values[0] = names[label]
    for block in operation.blocks:
        for named in block.inputs:
            named.name = names[named.name]
        for inner in block.operations:
            renamed(inner, names)
        block.outputs[:] = [names[name] for name in block.outputs]


def _made(operation: Message) -> Iterator[str]:
    """What an operation is called and makes, at any depth."""
    yield from dict.fromkeys((*_label(operation), *(named.name for named in operation.outputs)))
    for block in operation.blocks:
        for named in block.inputs:
            yield named.name
        for inner in block.operations:
            yield from _made(inner)


def _label(operation: Message) -> tuple[str, ...]:
    """The operation's own name, if it has one: its result's where that is one."""
    if "name" not in operation.attributes:
        return ()
    return tuple(operation.attributes["name"].immediateValue.tensor.strings.values[:1])


def _identifier(block: str) -> str:
    """A block's name as part of a MIL name."""
    text = "".join(c if c.isascii() and c.isalnum() else "_" for c in block)
    return f"b{text}" if text[:1].isdigit() else text
