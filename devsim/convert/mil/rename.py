"""Names of a joined program: kept where they are free, else with the block's name before them."""

from collections.abc import Iterator, Mapping, Sequence

from devsim.convert.mil.graph import Node
from devsim.mlpackage.proto import Message


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

    def rename(self, operation: Message, values: Mapping[str, str], block: str) -> None:
        """Rename an operation, what it reads and what it makes, at any depth.

        Args:
            operation: the message; changed.
            values: new names of all values that it reads or makes.
            block: the block that it is of.
        """
        if "name" in operation.attributes:
            label = operation.attributes["name"].immediateValue.tensor.strings.values
            own = {named.name for named in operation.outputs}
            label[:] = [values[t] if t in own else self.take(t, block) for t in label]
        for argument in operation.inputs.values():
            for binding in argument.arguments:
                if binding.WhichOneof("binding") == "name":
                    binding.name = values[binding.name]
        for named in operation.outputs:
            named.name = values[named.name]
        for nested in operation.blocks:
            for named in nested.inputs:
                named.name = values[named.name]
            for inner in nested.operations:
                self.rename(inner, values, block)
            nested.outputs[:] = [values[name] for name in nested.outputs]


def _made(operation: Message) -> Iterator[str]:
    for named in operation.outputs:
        yield named.name
    for block in operation.blocks:
        for named in block.inputs:
            yield named.name
        for inner in block.operations:
            yield from _made(inner)


def _identifier(block: str) -> str:
    """A block's name as part of a MIL name."""
    text = "".join(c if c.isascii() and c.isalnum() else "_" for c in block)
    return f"b{text}" if text[:1].isdigit() else text
