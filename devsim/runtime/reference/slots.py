"""The numbered slots of a program that is being compiled, and the names they go by."""

import contextlib
from collections.abc import Iterator

import torch
from torch import Tensor

from devsim.runtime.reference.faults import MalformedError
from devsim.runtime.reference.mil_types import TensorType
from devsim.runtime.reference.program import Value
from devsim.runtime.reference.weights import Blob


class Slots:
    """Hands out slots; a name is defined once where it is visible, and before it is used.

    Attributes:
        template: what each slot holds before a run; None where a run fills it.
        blobs: the slots that a load fills with weights.
        constants: the slots whose values are known while compiling.
    """

    def __init__(self) -> None:
        self.template: list[Value] = []
        self.blobs: list[tuple[int, Blob]] = []
        self.constants: set[int] = set()
        self._slots: dict[str, int] = {}
        self._types: dict[str, TensorType | None] = {}
        self._dtypes: dict[int, torch.dtype] = {}

    def empty(self) -> int:
        """A slot that a run fills."""
        self.template.append(None)
        return len(self.template) - 1

    def constant(self, value: Value) -> int:
        """A slot that holds a value from the start."""
        slot = self.empty()
        self.template[slot] = value
        self.constants.add(slot)
        if isinstance(value, Tensor):
            self._dtypes[slot] = value.dtype
        return slot

    def weight(self, blob: Blob) -> int:
        """A slot that a load fills."""
        slot = self.empty()
        self.blobs.append((slot, blob))
        self._dtypes[slot] = blob.type.element.dtype
        return slot

    def define(self, name: str, slot: int, declared: TensorType | None) -> None:
        """Name a slot.

        Raises:
            MalformedError: the name is taken.
        """
        if name in self._slots:
            raise MalformedError(f"'{name}' is defined twice")
        self._slots[name] = slot
        self._types[name] = declared
        if declared is not None:
            self._dtypes[slot] = declared.element.dtype

    def dtype(self, slot: int) -> torch.dtype | None:
        """What a slot holds tensors of, where that is known before a run."""
        return self._dtypes.get(slot)

    @contextlib.contextmanager
    def scope(self) -> Iterator[None]:
        """What is named inside is forgotten at the end: the names of a nested block."""
        outer, outer_types = self._slots, self._types
        self._slots, self._types = dict(outer), dict(outer_types)
        try:
            yield
        finally:
            self._slots, self._types = outer, outer_types

    def named(self, name: str, where: str) -> int:
        """The slot of a name.

        Raises:
            MalformedError: nothing has defined it; ``where`` says who asks.
        """
        if name not in self._slots:
            raise MalformedError(f"{where} uses '{name}', which nothing defines")
        return self._slots[name]

    def declared(self, name: str) -> TensorType | None:
        """The declared type of a name that is defined; None when it is not of a tensor."""
        return self._types[name]
