"""The functions of a package: one is chosen at the load."""

from collections.abc import Sequence
from dataclasses import dataclass

from devsim.core.errors import BadInputError
from devsim.core.printable import quoted
from devsim.mlpackage.package import Package
from devsim.mlpackage.proto import Message
from devsim.runtime.reference.faults import MalformedError

_ALONE = "main"


@dataclass(frozen=True, slots=True)
class Function:
    """A function of a program.

    Attributes:
        inputs: its inputs and states, as the program declares them.
        block: what it computes.
        described: what the package's description says of it.
    """

    inputs: Sequence[Message]
    block: Message
    described: Message


def choose_function(package: Package, name: str | None) -> Function:
    """Find a function, or the default one when no name is given.

    Raises:
        BadInputError: the package has no function of the name.
        MalformedError: the package's own default is missing, or a function without a block.
    """
    description, functions = package.model.description, package.model.mlProgram.functions
    if name is not None and name not in functions:
        raise BadInputError(
            f"{package.root}: has no function '{name}'",
            f"use one of: {quoted(', '.join(sorted(functions)))}",
        )
    chosen = name or description.defaultFunctionName or _ALONE
    if chosen not in functions:
        raise MalformedError(f"the program has no function '{chosen}'")
    function = functions[chosen]
    if function.opset not in function.block_specializations:
        raise MalformedError(f"function '{chosen}' has no block for its opset '{function.opset}'")
    described = next((each for each in description.functions if each.name == chosen), description)
    return Function(
        function.inputs,
        function.block_specializations[function.opset],
        described,
    )
