"""From a parsed spec to a flat program: names become slots, parameters become arguments."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import psutil

from devsim.runtime.reference.faults import (
    COMPUTE_FAULTS,
    MalformedError,
    UnknownOperationError,
)
from devsim.runtime.reference.mil_types import TensorType, tensor_type
from devsim.runtime.reference.ops import OPERATIONS
from devsim.runtime.reference.ops.registry import REQUIRED, Convert, Operation, Parameter
from devsim.runtime.reference.package import Package
from devsim.runtime.reference.program import Port, Program, Step, Value
from devsim.runtime.reference.proto import Message
from devsim.runtime.reference.slots import Slots
from devsim.runtime.reference.values import immediate, unpack
from devsim.runtime.reference.weights import Blob


def compile_program(package: Package) -> Program:
    """Compile the main function of a package.

    Raises:
        MalformedError: the program contradicts itself.
        UnknownOperationError: it uses an operation or a form the runtime does not know.
        BadFileError: it names weights outside the package.
    """
    function, block = _main(package.model)
    compiler = _Compiler(package)
    for named in function.inputs:
        compiler.value(named, f"input '{named.name}'")
    for operation in block.operations:
        compiler.operation(operation)
    slots = compiler.slots
    inputs = tuple(slots.port(named.name) for named in function.inputs)
    outputs = tuple(slots.port(name) for name in block.outputs)
    steps = _with_frees(compiler.steps, inputs, outputs)
    return Program(inputs, outputs, tuple(slots.template), tuple(slots.blobs), steps)


def _main(model: Message) -> tuple[Message, Message]:
    functions = model.mlProgram.functions
    name = model.description.defaultFunctionName or "main"
    if name not in functions:
        raise MalformedError(f"the program has no function '{name}'")
    function = functions[name]
    if function.opset not in function.block_specializations:
        raise MalformedError(f"function '{name}' has no block for its opset '{function.opset}'")
    return function, function.block_specializations[function.opset]


def _with_frees(
    steps: list[Step], inputs: tuple[Port, ...], outputs: tuple[Port, ...]
) -> tuple[Step, ...]:
    owned = {port.slot for port in inputs}.union(*(step.outputs for step in steps))
    owned -= {port.slot for port in outputs}
    freed = []
    for step in reversed(steps):
        last = owned.intersection(step.inputs + step.outputs)
        owned -= last
        freed.append(replace(step, frees=tuple(sorted(last))))
    return tuple(reversed(freed))


class _Compiler:
    """The state of a compilation: the slots and the steps so far."""

    def __init__(self, package: Package) -> None:
        self.slots = Slots()
        self.steps: list[Step] = []
        self._package = package
        self._memory = psutil.virtual_memory().total

    def value(self, named: Message, where: str) -> tuple[int, TensorType | None]:
        """Give an input or a result, a message of its name and type, an empty slot."""
        declared = self._declared(named.type, where)
        slot = self.slots.empty()
        self.slots.define(named.name, slot, declared)
        return slot, declared

    def operation(self, message: Message) -> None:
        """Add the steps of one operation."""
        name = message.outputs[0].name if message.outputs else message.type
        where = f"operation '{name}' ({message.type})"
        attributes = {key: value for key, value in message.attributes.items() if key != "name"}
        if message.type == "const":
            self._const(message, attributes, name, where)
            return
        known = OPERATIONS.get(message.type)
        if known is None:
            raise UnknownOperationError(where)
        arguments = {key: self._values(value, where) for key, value in message.inputs.items()}
        for key, value in attributes.items():
            arguments[key] = [self._constant(value, f"{name}.{key}", where)]
        self._call(known, arguments, message.outputs, where)

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
        results: Sequence[Message],
        where: str,
    ) -> None:
        inputs = tuple(
            self._argument(parameter, arguments.pop(parameter.name, None), where)
            for parameter in known.parameters
        )
        if arguments:
            raise UnknownOperationError(f"{where} with parameter '{min(arguments)}'")
        if not results:
            raise MalformedError(f"{where} has no result")
        outputs, types = zip(*(self.value(result, where) for result in results), strict=True)
        function = known.function
        if known.elements is not None:
            function = partial(_bounded, known, self._limit(types[0]))
        self.steps.append(Step(where, function, inputs, outputs, types))

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

    def _argument(self, parameter: Parameter, slots: list[int] | None, where: str) -> int:
        if not slots:
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
        if not self.slots.is_constant(slot):
            return self._step(where, convert, (slot,))
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

    def _step(self, name: str, function: Callable[..., Value], inputs: tuple[int, ...]) -> int:
        slot = self.slots.empty()
        self.steps.append(Step(name, function, inputs, (slot,), (None,)))
        return slot


def _gather(*values: Value) -> tuple[Value, ...]:
    return values


def _bounded(known: Operation, limit: int, *arguments: Value) -> Value:
    if known.elements is not None and known.elements(*arguments) > limit:
        raise ValueError("its parameters ask for more than the declared result")
    return known.function(*arguments)
