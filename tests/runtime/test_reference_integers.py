"""Every operation over every integer type that an opset lets it take."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import coremltools as ct
import numpy as np
import pytest
from coremltools.converters.mil.mil import types
from coremltools.converters.mil.mil.ops.registry import SSAOpRegistry
from mil_packages import mb, save

from devsim.runtime.reference import ReferenceRuntime

OPSETS = (ct.target.iOS15, ct.target.iOS16, ct.target.iOS17, ct.target.iOS18)
# Of weights alone: their types are those of the weight file, see test_reference_compressed.py.
COMPRESSED = ("constexpr_", "conv_quantized")

ROW = np.array([3, 1, 2, 5], np.int32)
TABLE = np.array([[3, 1, 2, 5], [4, 0, 7, 6]], np.int32)
FLOATS = TABLE.astype(np.float32)
IMAGE = FLOATS.reshape(1, 1, 2, 4)

Cast = Callable[[Any], Any]
"""Makes a value of the type under test: a tensor by a cast, a constant at once."""
Build = Callable[[Any, Cast], Any]

CASES: dict[tuple[str, str], list[tuple[np.ndarray, Build, np.ndarray]]] = {
    ("cast", "x"): [(ROW, lambda x, t: t(x), ROW)],
    ("expand_dims", "x"): [(ROW, lambda x, t: mb.expand_dims(x=t(x), axes=[0]), ROW[None])],
    ("squeeze", "x"): [(ROW[None], lambda x, t: mb.squeeze(x=t(x), axes=[0]), ROW)],
    ("transpose", "x"): [
        (ROW, lambda x, t: mb.transpose(x=t(x), perm=[0]), ROW),
        (TABLE, lambda x, t: mb.transpose(x=t(x), perm=[1, 0]), TABLE.T),
    ],
    ("reverse", "x"): [
        (ROW, lambda x, t: mb.reverse(x=t(x), axes=[0]), ROW[::-1]),
        (TABLE, lambda x, t: mb.reverse(x=t(x), axes=[1]), TABLE[:, ::-1]),
    ],
    ("sliding_windows", "x"): [
        (ROW, lambda x, t: mb.sliding_windows(x=t(x), axis=0, size=3),
         np.array([[3, 1, 2], [1, 2, 5]])),
    ],
    ("reshape", "x"): [(ROW, lambda x, t: mb.reshape(x=t(x), shape=[2, 2]), ROW.reshape(2, 2))],
    ("reshape", "shape"): [
        (ROW, lambda x, t: mb.reshape(x=x, shape=t([2, 2])), ROW.reshape(2, 2)),
        (np.array([4, 2], np.int32), lambda s, t: mb.reshape(x=TABLE, shape=t(s)),
         TABLE.reshape(4, 2)),
    ],
    ("reshape_like", "x"): [
        (ROW, lambda x, t: mb.reshape_like(
            x=t(x), ref_tensors=(np.zeros((2, 2)),), begins=(0,), ends=(2,), end_masks=(False,)),
         ROW.reshape(2, 2)),
    ],
    ("reverse_sequence", "x"): [
        (TABLE, lambda x, t: mb.reverse_sequence(
            x=t(x), lengths=[2, 3], seq_axis=1, batch_axis=0),
         np.array([[1, 3, 2, 5], [7, 0, 4, 6]])),
    ],
    ("reverse_sequence", "lengths"): [
        (np.array([2, 3], np.int32), lambda n, t: mb.reverse_sequence(
            x=TABLE, lengths=t(n), seq_axis=1, batch_axis=0),
         np.array([[1, 3, 2, 5], [7, 0, 4, 6]])),
    ],
    ("gather", "x"): [
        (ROW, lambda x, t: mb.gather(x=t(x), indices=[2, 0], axis=0), ROW[[2, 0]]),
        (ROW, lambda x, t: mb.gather(x=t(x), indices=1, axis=0), ROW[1]),
        (TABLE, lambda x, t: mb.gather(x=t(x), indices=[2, 0], axis=1), TABLE[:, [2, 0]]),
        (TABLE, lambda x, t: mb.gather(x=t(x), indices=[[2, 0], [1, 1]], axis=1, batch_dims=1),
         np.array([[2, 3], [0, 0]])),
    ],
    ("gather", "indices"): [
        (ROW[:3], lambda i, t: mb.gather(x=10 * np.arange(4), indices=t(i), axis=0),
         10 * ROW[:3]),
        (ROW[:3], lambda i, t: mb.gather(x=FLOATS, indices=t(i), axis=1), FLOATS[:, ROW[:3]]),
    ],
    ("gather_along_axis", "x"): [
        (ROW, lambda x, t: mb.gather_along_axis(x=t(x), indices=[2, 0], axis=0), ROW[[2, 0]]),
        (TABLE, lambda x, t: mb.gather_along_axis(x=t(x), indices=[[2, 0], [1, 1]], axis=1),
         np.array([[2, 3], [0, 0]])),
    ],
    ("gather_along_axis", "indices"): [
        (ROW[:3], lambda i, t: mb.gather_along_axis(
            x=10 * np.arange(4), indices=t(i), axis=0), 10 * ROW[:3]),
    ],
    ("gather_nd", "x"): [
        (ROW, lambda x, t: mb.gather_nd(x=t(x), indices=[[2], [0]]), ROW[[2, 0]]),
        (TABLE, lambda x, t: mb.gather_nd(x=t(x), indices=[[1, 2], [0, 0]]), np.array([7, 3])),
    ],
    ("gather_nd", "indices"): [
        (np.array([[1, 2], [0, 0]], np.int32),
         lambda i, t: mb.gather_nd(x=FLOATS, indices=t(i)), np.array([7, 3])),
        (np.array([[1], [0]], np.int32),
         lambda i, t: mb.gather_nd(x=FLOATS, indices=t(i)), FLOATS[::-1]),
    ],
    ("slice_by_index", "x"): [
        (ROW, lambda x, t: mb.slice_by_index(x=t(x), begin=[1], end=[3]), ROW[1:3]),
        (ROW, lambda x, t: mb.slice_by_index(x=t(x), begin=[3], end=[0], stride=[-2]), ROW[3:0:-2]),
        (ROW, lambda x, t: mb.slice_by_index(x=t(x), begin=[2], end=[0], squeeze_mask=[True]),
         ROW[2]),
        (TABLE, lambda x, t: mb.slice_by_index(x=t(x), begin=[1, 3], end=[0, 0], stride=[-1, -1]),
         TABLE[1:0:-1, 3:0:-1]),
    ],
    ("slice_by_index", "begin"): [
        (ROW, lambda x, t: mb.slice_by_index(x=x, begin=t([1]), end=t([3])), ROW[1:3]),
        (ROW[1:2], lambda b, t: mb.slice_by_index(x=ROW, begin=t(b), end=t(b), end_mask=[True]),
         ROW[1:]),
    ],
    ("slice_by_index", "end"): [
        (ROW, lambda x, t: mb.slice_by_index(x=x, begin=t([1]), end=t([3])), ROW[1:3]),
    ],
    ("slice_by_index", "stride"): [
        (ROW, lambda x, t: mb.slice_by_index(x=x, begin=t([0]), end=t([4]), stride=t([2])),
         ROW[::2]),
    ],
    ("slice_by_size", "x"): [
        (ROW, lambda x, t: mb.slice_by_size(x=t(x), begin=[1], size=[2]), ROW[1:3]),
    ],
    ("slice_by_size", "begin"): [
        (ROW[1:2], lambda b, t: mb.slice_by_size(x=ROW, begin=t(b), size=t([2])), ROW[1:3]),
    ],
    ("slice_by_size", "size"): [
        (ROW, lambda x, t: mb.slice_by_size(x=x, begin=t([1]), size=t([-1])), ROW[1:]),
    ],
    ("slice_update", "x"): [
        (ROW, lambda x, t: mb.slice_update(x=t(x), update=t([9, 8]), begin=[1], end=[3]),
         np.array([3, 9, 8, 5])),
        (TABLE, lambda x, t: mb.slice_update(
            x=t(x), update=t([[9], [8]]), begin=[0, 3], end=[2, 4]),
         np.array([[3, 1, 2, 9], [4, 0, 7, 8]])),
    ],
    ("slice_update", "update"): [
        (ROW[:2], lambda u, t: mb.slice_update(x=t([7, 7, 7]), update=t(u), begin=[1], end=[3]),
         np.array([7, 3, 1])),
    ],
    ("slice_update", "begin"): [
        (ROW, lambda x, t: mb.slice_update(x=x, update=np.int32([9]), begin=t([1]), end=t([2])),
         np.array([3, 9, 2, 5])),
    ],
    ("slice_update", "end"): [
        (ROW, lambda x, t: mb.slice_update(x=x, update=np.int32([9]), begin=t([0]), end=t([1])),
         np.array([9, 1, 2, 5])),
    ],
    ("slice_update", "stride"): [
        (ROW, lambda x, t: mb.slice_update(
            x=x, update=np.int32([9, 8]), begin=t([0]), end=t([4]), stride=t([2])),
         np.array([9, 1, 8, 5])),
    ],
    ("topk", "x"): [
        (ROW, lambda x, t: mb.topk(x=t(x), k=2, axis=0)[0], np.array([5, 3])),
        (TABLE, lambda x, t: mb.topk(x=t(x), k=2, axis=1, ascending=True)[1],
         np.array([[1, 2], [1, 0]])),
    ],
    ("topk", "k"): [(ROW, lambda x, t: mb.topk(x=x, k=t(2), axis=0)[0], np.array([5, 3]))],
    ("resize", "shape"): [
        (IMAGE, lambda x, t: mb.resize(
            x=x, shape=t([2, 8]), resized_dims=np.uint32(2),
            interpolation_mode="NEAREST_NEIGHBOR", sampling_mode="DEFAULT"),
         np.take(IMAGE, [0, 1, 1, 2, 2, 3, 3, 3], axis=3)),
    ],
    ("resample", "coordinates"): [
        (np.array([[[[3, 1], [0, 0]]]], np.int32), lambda c, t: mb.resample(
            x=IMAGE, coordinates=t(c), sampling_mode="nearest", padding_mode="constant",
            padding_value=0.0, coordinates_mode="unnormalized", align_corners=True),
         np.array([[[[6, 3]]]])),
    ],
    ("crop_resize", "boxes"): [
        (np.array([[0, 1, 1, 2]], np.int32), lambda b, t: mb.crop_resize(
            x=IMAGE, boxes=t(b), box_indices=t([0]), target_height=2, target_width=2,
            sampling_mode="ALIGN_CORNERS", box_coordinate_mode="CORNERS_HEIGHT_FIRST"),
         IMAGE[:, :, :, 1:3]),
    ],
    ("crop_resize", "box_indices"): [
        (np.array([0], np.int32), lambda i, t: mb.crop_resize(
            x=IMAGE, boxes=np.float32([[0, 1, 1, 2]]), box_indices=t(i), target_height=2,
            target_width=2, sampling_mode="ALIGN_CORNERS",
            box_coordinate_mode="CORNERS_HEIGHT_FIRST"),
         IMAGE[:, :, :, 1:3]),
    ],
    ("dequantize", "input"): [
        (ROW, lambda x, t: mb.dequantize(input=t(x), scale=0.5, zero_point=t(1)), (ROW - 1) / 2),
    ],
    ("dequantize", "zero_point"): [
        (TABLE, lambda x, t: mb.dequantize(
            input=t(x), scale=np.float32([0.5, 2]), zero_point=t([1, 2]), axis=0),
         (TABLE - [[1], [2]]) * [[0.5], [2]]),
    ],
    ("quantize", "zero_point"): [
        (FLOATS, lambda x, t: mb.quantize(
            input=x, scale=0.5, zero_point=t(1), output_dtype=t.name), 2 * TABLE + 1),
    ],
    # Operations that take anything.
    ("concat", "values"): [
        (ROW, lambda x, t: mb.concat(values=[t(x), t([9])], axis=0), np.array([3, 1, 2, 5, 9])),
        (ROW, lambda x, t: mb.concat(values=[t(x), t(x)], axis=0, interleave=True),
         ROW.repeat(2)),
    ],
    ("stack", "values"): [
        (ROW, lambda x, t: mb.stack(values=[t(x), t(x)], axis=0), np.stack([ROW, ROW])),
    ],
    ("identity", "x"): [(ROW, lambda x, t: mb.identity(x=t(x)), ROW)],
    ("cond", "pred"): [
        (ROW, lambda x, t: mb.cond(
            pred=mb.cast(x=mb.reduce_max(x=x, axes=[0], keep_dims=False), dtype="bool"),
            _true_fn=lambda: mb.gather(x=t(x), indices=[3], axis=0),
            _false_fn=lambda: mb.gather(x=t(x), indices=[0], axis=0)),
         ROW[3:]),
    ],
}  # fmt: skip

ANYTHING = ("int8", "uint8", "int16", "uint16", "int32")
OPEN = ("concat", "stack", "identity", "cond")


def _domains() -> dict[tuple[str, str], dict[str, Any]]:
    """By operation and parameter: its integer types, each with the newest opset that has it."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for name, versions in SSAOpRegistry.core_ops.items():
        for opset in OPSETS:
            version = versions.get(opset)
            if version is None or name.startswith(COMPRESSED):
                continue
            for parameter, kind in version.input_spec.input_types.items():
                domain = getattr(kind, "type_domain", ())
                if getattr(kind, "type_domain_id", None):
                    domain = version.type_domains[kind.type_domain_id]
                integers = {types.builtin_to_string(each) for each in domain if types.is_int(each)}
                if integers - {"int32"} and len(domain) > 1:
                    found.setdefault((name, parameter), {}).update(dict.fromkeys(integers, opset))
    return found | {key: dict.fromkeys(ANYTHING, OPSETS[-1]) for key in CASES if key[0] in OPEN}


DOMAINS = _domains()


def test_every_operation_that_takes_several_integer_types_is_swept() -> None:
    assert CASES.keys() == DOMAINS.keys()


class As:
    """Casts to a type."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self, value: Any) -> Any:
        if isinstance(value, list | int):
            return np.array(value, self.name)[()]
        return value if self.name == "int32" else mb.cast(x=value, dtype=self.name)


@pytest.mark.parametrize(
    ("key", "number", "kind"),
    [
        pytest.param(key, number, kind, id=f"{'.'.join(key)}-{number}-{kind}")
        for key, cases in CASES.items()
        for number in range(len(cases))
        for kind in sorted(DOMAINS.get(key, ()))
        # MIL casts to no uint32, and no cast makes a constant.
        if kind != "uint32"
    ],
)
def test_integers_of_every_width_give_the_same_numbers(
    tmp_path: Path, key: tuple[str, str], number: int, kind: str
) -> None:
    given, build, expected = CASES[key][number]

    def casting(x: Any) -> Any:
        result = build(x, As(kind))
        numbers = "int32" if types.is_int(result.dtype) else "fp32"
        return mb.cast(x=result, dtype=numbers)

    package = save(tmp_path, casting, {"x": given}, DOMAINS[key][kind])
    (result,) = ReferenceRuntime().load(package).predict({"x": given}).values()
    np.testing.assert_array_equal(result.reshape(expected.shape), expected)


@pytest.mark.parametrize("kind", ANYTHING)
def test_the_ends_of_a_type_keep_their_order_and_their_value(tmp_path: Path, kind: str) -> None:
    limits = np.iinfo(kind)
    given = np.array([limits.max, limits.min, limits.max // 2 + 1], np.int32)

    def build(x: Any) -> Any:
        narrow = As(kind)(x)
        largest, _ = mb.topk(x=narrow, k=3, axis=0)
        picked = mb.gather(x=largest, indices=np.int32([1, 0]), axis=0)
        return mb.cast(x=picked, dtype="int32"), mb.cast(x=narrow, dtype="fp32")

    package = save(tmp_path, build, {"x": given}, ct.target.iOS17)
    picked, floats = ReferenceRuntime().load(package).predict({"x": given}).values()
    assert picked.tolist() == [limits.max // 2 + 1, limits.max]
    np.testing.assert_array_equal(floats, given.astype(np.float32))
