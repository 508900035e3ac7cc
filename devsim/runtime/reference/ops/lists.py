"""Lists of tensors of one shape: values like any other, so a write makes a new list.

Elements that nothing wrote are zero and take no memory.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

import psutil
import torch
from torch import Tensor

from devsim.runtime.reference.mil_types import DTYPES
from devsim.runtime.reference.ops.registry import Opaque, Tensors, op

_LONGEST = 1 << 20
_MOST_BYTES = psutil.virtual_memory().total // 2


@dataclass(frozen=True, slots=True)
class TensorList:
    """A list.

    Attributes:
        length: how many elements it has.
        grows: whether a write behind its end makes it longer.
        shape: of an element; None where the package leaves a dimension open.
        dtype: of an element.
        written: the elements that were written, by place.
        held_bytes: what those hold.
    """

    length: int
    grows: bool
    shape: tuple[int | None, ...]
    dtype: torch.dtype
    written: Mapping[int, Tensor] = field(default_factory=lambda: MappingProxyType({}))
    held_bytes: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.length <= _LONGEST:
            raise ValueError(f"a list of {self.length} elements")
        if self.held_bytes > _MOST_BYTES:
            raise MemoryError(f"a list of {self.held_bytes} bytes, beyond memory")

    def at(self, index: int) -> Tensor:
        """The element at a place."""
        if not 0 <= index < self.length:
            raise IndexError(f"element {index} of a list of {self.length}")
        if index in self.written:
            return self.written[index]
        shape = [size for size in self.shape if size is not None]
        if len(shape) != len(self.shape):
            raise ValueError(f"element {index} was never written and has no known shape")
        return torch.zeros(shape, dtype=self.dtype)

    def with_elements(self, elements: Mapping[int, Tensor]) -> "TensorList":
        """This list with some elements in place of what was there."""
        length = max(self.length, 1 + max(elements, default=-1))
        if min(elements, default=0) < 0 or (length > self.length and not self.grows):
            raise IndexError(f"elements {sorted(elements)} of a list of {self.length}")
        added = {place: self._element(value) for place, value in elements.items()}
        replaced = sum(self.written[place].nbytes for place in added if place in self.written)
        held = self.held_bytes - replaced + sum(value.nbytes for value in added.values())
        return replace(self, length=length, written={**self.written, **added}, held_bytes=held)

    def _element(self, value: Tensor) -> Tensor:
        fits = len(value.shape) == len(self.shape) and all(
            wanted is None or size == wanted
            for size, wanted in zip(value.shape, self.shape, strict=True)
        )
        if not fits:
            raise ValueError(f"{tuple(value.shape)} in a list of {self.shape}")
        # A copy, as a view would keep all of what it is a view of.
        return value.to(self.dtype, copy=True)


@op("make_list")
def make_list(
    elem_shape: Tensors, init_length: int = 1, dynamic_length: bool = True, dtype: str = "fp32"
) -> TensorList:
    """A list of zeros; a dimension given as a name is open."""
    shape = tuple(int(size) if isinstance(size, Tensor) else None for size in elem_shape)
    return TensorList(init_length, dynamic_length, shape, DTYPES[dtype])


@op("list_length")
def list_length(ls: Opaque) -> Tensor:
    """How many elements the list has."""
    return torch.tensor(ls.length, dtype=torch.int32)


def _in_element(ls: TensorList, *_: object) -> int:
    return math.prod(size for size in ls.shape if size is not None)


@op("list_read", elements=_in_element)
def list_read(ls: Opaque, index: int) -> Tensor:
    """One element."""
    element: Tensor = ls.at(index)
    return element


def _in_elements(ls: TensorList, indices: Tensor) -> int:
    return indices.numel() * _in_element(ls)


@op("list_gather", elements=_in_elements)
def list_gather(ls: Opaque, indices: Tensor) -> Tensor:
    """Elements stacked along a new first dimension."""
    return torch.stack([ls.at(int(index)) for index in indices.reshape(-1)])


@op("list_write")
def list_write(ls: Opaque, index: int, value: Tensor) -> Opaque:
    """The list with one element replaced; longer when the place is behind its end."""
    return ls.with_elements({index: value})


@op("list_scatter")
def list_scatter(ls: Opaque, indices: Tensor, value: Tensor) -> Opaque:
    """The list with several elements replaced by the slices of ``value``."""
    places = [int(index) for index in indices.reshape(-1)]
    if len(places) != value.shape[0]:
        raise ValueError(f"{value.shape[0]} values for {len(places)} places")
    return ls.with_elements(dict(zip(places, value, strict=True)))
