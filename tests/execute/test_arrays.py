"""Files of arrays: what numpy writes is read back, and nothing else is believed."""

import io
import zipfile

import numpy as np
import pytest

from devsim.core.errors import BadFileError
from devsim.execute.arrays import read_npz, write_npz

ARRAYS = {
    "halves": np.arange(6, dtype=np.float16).reshape(2, 3),
    "columns": np.asfortranarray(np.arange(6, dtype=np.int32).reshape(2, 3)),
    "one": np.float32(3).reshape(()),
    "none": np.zeros((0, 2), np.uint8),
    "flags": np.array([True, False]),
    "labels": np.array(["cat", "dog \u00e9"]),
}


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_what_numpy_wrote_is_read_back(tmp_path, save):
    save(tmp_path / "a.npz", **ARRAYS)
    found = read_npz(tmp_path / "a.npz")
    assert found.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        assert (found[name].dtype, found[name].shape) == (array.dtype, array.shape)
        assert np.array_equal(found[name], array)


def test_what_is_written_is_read_back(tmp_path):
    write_npz(tmp_path / "a", ARRAYS)
    assert np.array_equal(read_npz(tmp_path / "a")["columns"], ARRAYS["columns"])


def member(header: bytes, data: bytes = b"") -> bytes:
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + data


HEADER = b"{'descr': '%s', 'fortran_order': False, 'shape': %s}\n"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (member(HEADER % (b"<f4", b"(99999999999,)")), "another size than its header says"),
        (member(HEADER % (b"<f4", b"(-1,)")), "another size than its header says"),
        (member(HEADER % (b"|O", b"(1,)"), b"cos\nsystem\n"), "holds object, not numbers or text"),
        (member(HEADER % (b"<M8[s]", b"(1,)"), bytes(8)), "not numbers or text"),
        (member(HEADER % (b"<U1", b"(1,)"), b"\xff" * 4), "characters that do not exist"),
        (member(HEADER % (b"<U1", b"(1,)"), b"\x00\xd8\x00\x00"), "characters that do not exist"),
        (member(b"(" * 9000), "is not an .npz file"),
        (member(b"9" * 5000), "is not an .npz file"),
        (b"\x93NUMPY\x09\x00", "version"),
        (b"", "is not an .npz file"),
    ],
)
def test_headers_that_lie(tmp_path, content, said):
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("x.npy", content)
    with pytest.raises(BadFileError, match=said):
        read_npz(tmp_path / "a.npz")


def test_a_bomb_is_refused_by_what_it_says_of_itself(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.npy", bytes(300 << 20))
    with pytest.raises(BadFileError, match="unpacks to 314572800 bytes"):
        read_npz(tmp_path / "a.npz")


def test_one_array_has_no_name(tmp_path):
    np.save(tmp_path / "a.npy", np.ones(3))
    with pytest.raises(BadFileError, match="one array without a name"):
        read_npz(tmp_path / "a.npy")
    buffer = io.BytesIO()
    np.savez(buffer, x=np.ones(3))
    (tmp_path / "half.npz").write_bytes(buffer.getvalue()[:-40])
    with pytest.raises(BadFileError, match=r"is not an \.npz file"):
        read_npz(tmp_path / "half.npz")
