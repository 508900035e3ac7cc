"""From a parsed spec to a flat program: names become slots, parameters become arguments."""

from collections.abc import Callable, Sequence
from functools import partial

import psutil
import torch

from devsim.mlpackage.package import Package
from devsim.mlpackage.proto import Message
from devsim.runtime.reference.attention import joined
from devsim.runtime.reference.control import Nested, Results, Unit, condition, loop
from devsim.runtime.reference.defaults import DefaultShapes
from devsim.runtime.reference.faults import (
    COMPUTE_FAULTS,
    MalformedError,
    UnknownOperationError,
)
from devsim.runtime.reference.functions import choose_function
from devsim.runtime.reference.integers import in_wider
from devsim.runtime.reference.interface import Interface, is_state
from devsim.runtime.reference.known import PYTHON_VALUE
from devsim.runtime.reference.layout import in_one_layout
from devsim.runtime.reference.mil_types import TensorType, tensor_type
from devsim.runtime.reference.ops import OPERATIONS
from devsim.runtime.reference.ops.registry import REQUIRED, Convert, Operation, Parameter
from devsim.runtime.reference.precision import in_single
from devsim.runtime.reference.program import Port, Program, StateSlot, Step, Value
from devsim.runtime.reference.shapes import check_flexible
from devsim.runtime.reference.slots import Slots
from devsim.runtime.reference.values import immediate, unpack
from devsim.runtime.reference.weights import Blob


def compile_program(package: Package, function: str | None = None) -> Program:
    """Compile a function of a package.

    Args:
        package: the opened package.
        function: the function's name; None for the package's default.

    Raises:
        MalformedError: the program contradicts itself.
        UnknownOperationError: it uses an operation or a form the runtime does not know.
        BadFileError: it names weights outside the package.
    """
    chosen = choose_function(package, function)
    interface = Interface(chosen)
    compiler = _Compiler(package)
    slots = compiler.slots
    inputs, states = [], []
    for named in chosen.inputs:
        if is_state(named):
            states.append(compiler.state(named))
        else:
            inputs.append(compiler.input(named, interface))
    check_flexible(tuple(port.spec for port in inputs))
    block = compiler.block(chosen.block)
    outputs = tuple(
        Port(spec, slots.named(spec.name, "the program's interface"))
        for spec in interface.outputs(chosen.block.outputs, slots)
    )
    spare = slots.empty()
    return Program(
        tuple(inputs),
        outputs,
        tuple(states),
        tuple(slots.template),
        frozenset(slots.constants),
        tuple(slots.blobs),
        block.units,
        spare,
    )


class _Compiler:
    """The state of a compilation: the slots, and the units of the block that is being read."""

    def __init__(self, package: Package) -> None:
        self.slots = Slots()
        self._units: list[Unit] = []
        self._defaults = DefaultShapes()
        self._package = package
        self._memory = psutil.virtual_memory().total

    def input(self, named: Message, interface: Interface) -> Port:
        """Give an input a slot."""
        slot, declared = self.value(named, f"input '{named.name}'")
        spec = interface.input(named.name, self.slots)
        if spec.color is None:
            self._defaults.note(named.name, spec.shape)
        return Port(spec, slot, declared.element.dtype if declared and spec.color else None)

    def value(self, named: Message, where: str) -> tuple[int, TensorType | None]:
        """Give an input or a result, a message of its name and type, an empty slot."""
        declared = self._declared(named.type, where)
        slot = self.slots.empty()
        self.slots.define(named.name, slot, declared)
        return slot, declared

    def state(self, named: Message) -> StateSlot:
        """Give a state a slot."""
        where = f"state '{named.name}'"
        declared = self._declared(named.type.stateType.wrappedType, where)
        if declared is None or declared.known_shape is None:
            raise UnknownOperationError(f"{where} of unknown type or shape")
        slot = self.slots.empty()
        self.slots.define(named.name, slot, None)
        return StateSlot(named.name, slot, declared)

    def block(self, message: Message) -> Nested:
        """Compile the operations of a block; whatever it may read has its slot already."""
        outer, self._units = self._units, []
        for operation in message.operations:
            self._operation(operation)
        units, self._units = tuple(self._units), outer
        outputs = self._named(message.outputs, "a block's results")
        return Nested(joined(units, outputs), outputs)

    def _operation(self, message: Message) -> None:
        name = message.outputs[0].name if message.outputs else message.type
        where = f"operation '{name}' ({message.type})"
        attributes = {key: value for key, value in message.attributes.items() if key != "name"}
        if message.type == "const":
            self._const(message, attributes, name, where)
            return
        known = OPERATIONS.get(message.type)
        nested = {"cond": self._cond, "while_loop": self._while_loop}.get(message.type)
        if known is None and nested is None:
            raise UnknownOperationError(where)
        arguments = {key: self._values(value, where) for key, value in message.inputs.items()}
        for key, value in attributes.items():
            arguments[key] = [self._constant(value, f"{name}.{key}", where)]
        self._defaults.follow(message, self.slots.declared, where)
        if nested is not None:
            nested(message, arguments, where)
        elif known is not None:
            self._call(known, arguments, message, where)

    def _cond(self, message: Message, arguments: dict[str, list[int]], where: str) -> None:
        if len(message.blocks) != 2 or len(arguments.get("pred", ())) != 1:
            raise MalformedError(f"{where} has {len(message.blocks)} blocks or no predicate")
        branches = []
        for block in message.blocks:
            with self.slots.scope():
                branches.append(self.block(block))
        results = self._results(message.outputs, where)
        _same_count(where, results.slots, *(branch.outputs for branch in branches))
        then, otherwise = branches
        self._units.append(condition(where, arguments["pred"][0], then, otherwise, results))

    def _while_loop(self, message: Message, arguments: dict[str, list[int]], where: str) -> None:
        initial = arguments.get("loop_vars", [])
        if len(message.blocks) != 2 or not initial:
            raise MalformedError(f"{where} has {len(message.blocks)} blocks or no variables")
        variables = Results(
            tuple(self.slots.empty() for _ in initial),
            tuple(self._declared(named.type, where) for named in message.blocks[1].inputs),
        )
        blocks = []
        for block in message.blocks:
            _same_count(where, variables.slots, variables.types, block.inputs)
            with self.slots.scope():
                for named, slot, declared in zip(
                    block.inputs, variables.slots, variables.types, strict=True
                ):
                    self.slots.define(named.name, slot, declared)
                blocks.append(self.block(block))
        test, body = blocks
        results = self._results(message.outputs, where)
        _same_count(where, results.slots, variables.slots, body.outputs)
        if len(test.outputs) != 1:
            raise MalformedError(f"{where} has a condition of {len(test.outputs)} results")
        self._units.append(loop(where, initial, variables, test, body, results))

    def _results(self, messages: Sequence[Message], where: str) -> Results:
        if not messages:
            raise MalformedError(f"{where} has no result")
        slots, types = zip(*(self.value(each, where) for each in messages), strict=True)
        return Results(slots, types)

    def _const(
        self, message: Message, attributes: dict[str, Message], name: str, where: str
    ) -> None:
        if "val" not in attributes or len(message.outputs) != 1:
            raise MalformedError(f"{where} has no value")
        declared = self._declared(message.outputs[0].type, where)
        if declared != self._declared(attributes["val"].type, where):
            raise MalformedError(f"{where} has a value of another type than declared")
        self.slots.define(name, self._constant(attributes["val"], name, where), declared)

    def _call(
        self,
        known: Operation,
        arguments: dict[str, list[int]],
        message: Message,
        where: str,
    ) -> None:
        dtypes = {self.slots.dtype(slot) for slots in arguments.values() for slot in slots}
        inputs = tuple(
            self._argument(parameter, arguments.pop(parameter.name, None), where)
            for parameter in known.parameters
        )
        if arguments:
            raise UnknownOperationError(f"{where} with parameter '{min(arguments)}'")
        if message.type == "write_state" and not message.outputs:
            self._units.append((Step(where, known.function, inputs, (), ()),))
            return
        given = self._results(message.outputs, where)
        function = in_one_layout(message.type, known.function)
        if given.types[0] is not None and given.types[0].element.dtype == torch.float16:
            function = in_single(message.type, function)
        function = in_wider(message.type, function, dtypes)
        if known.elements is not None:
            function = partial(_bounded, function, known.elements, self._limit(given.types[0]))
        step = Step(where, function, inputs, given.slots, given.types, kind=message.type)
        self._units.append((step,))

    def _limit(self, declared: TensorType | None) -> int:
        known = None if declared is None else declared.elements
        return self._memory if known is None else known

    def _values(self, argument: Message, where: str) -> list[int]:
        """The slots of an argument's values, named or written in place."""
        return [
            self.slots.named(binding.name, where)
            if binding.WhichOneof("binding") == "name"
            else self._constant(binding.value, "in place", where)
            for binding in argument.arguments
        ]

    def _named(self, names: Sequence[str], where: str) -> tuple[int, ...]:
        return tuple(self.slots.named(name, where) for name in names)

    def _argument(self, parameter: Parameter, slots: list[int] | None, where: str) -> int:
        if slots is None or not (slots or parameter.several):
            if parameter.default is REQUIRED:
                raise MalformedError(f"{where} lacks '{parameter.name}'")
            return self.slots.constant(parameter.default)
        where = f"{where}, '{parameter.name}'"
        if parameter.convert is not None:
            slots = [self._converted(slot, parameter.convert, where) for slot in slots]
        if not parameter.several:
            if len(slots) != 1:
                raise MalformedError(f"{where} has {len(slots)} values")
            return slots[0]
        return self._step(f"{where} packing", _gather, tuple(slots))

    def _converted(self, slot: int, convert: Convert, where: str) -> int:
        """A slot of the Python value of another: made now of a constant, else at every run."""
        if slot not in self.slots.constants:
            return self._step(where, convert, (slot,), PYTHON_VALUE)
        try:
            return self.slots.constant(convert(self.slots.template[slot]))
        except COMPUTE_FAULTS as error:
            raise MalformedError(f"{where} cannot be read ({error})") from error

    def _constant(self, value: Message, name: str, where: str) -> int:
        if value.WhichOneof("value") != "blobFileValue":
            return self.slots.constant(immediate(value, where))
        declared = self._declared(value.type, where)
        if declared is None or declared.known_shape is None:
            raise MalformedError(f"{where} is a weight of unknown shape")
        path = self._package.weight_path(value.blobFileValue.fileName)
        blob = Blob(name, path, int(value.blobFileValue.offset), declared)
        slot = self.slots.weight(blob)
        element = declared.element
        if not element.packed:
            return slot
        spread = partial(
            unpack,
            bits=element.bits,
            signed=element.name.startswith("int"),
            shape=declared.known_shape,
        )
        return self._step(f"{where} unpacking", spread, (slot,))

    def _declared(self, value_type: Message, where: str) -> TensorType | None:
        declared = tensor_type(value_type, where)
        if declared is not None and (declared.stored_bytes or 0) > self._memory:
            raise MalformedError(f"{where} declares {declared.stored_bytes} bytes, beyond memory")
        return declared

    def _step(
        self, name: str, function: Callable[..., Value], inputs: tuple[int, ...], kind: str = ""
    ) -> int:
        slot = self.slots.empty()
        self._units.append((Step(name, function, inputs, (slot,), (None,), kind=kind),))
        return slot


def _same_count(where: str, *parts: Sequence[object]) -> None:
    counts = [len(part) for part in parts]
    if len(set(counts)) != 1:
        raise MalformedError(f"{where} has blocks and results of {counts} values")


def _gather(*values: Value) -> tuple[Value, ...]:
    return values


def _bounded(
    function: Callable[..., Value], elements: Callable[..., int], limit: int, *arguments: Value
) -> Value:
    if elements(*arguments) > limit:
        raise ValueError("its parameters ask for more than the declared result")
    return function(*arguments)
