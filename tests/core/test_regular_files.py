"""Only regular files are opened, and read up to a limit."""

import gzip
import os
import socket
import zlib
from pathlib import Path

import pytest

from devsim.core.errors import BadFileError
from devsim.core.regular_files import open_regular, read_regular, require_regular

LIMIT = 1000


def refused(path: Path) -> str:
    with pytest.raises(BadFileError) as error:
        read_regular(path, LIMIT)
    with pytest.raises(BadFileError), open_regular(path):
        pass
    with pytest.raises(BadFileError):
        require_regular(path)
    return error.value.problem


def test_a_pipe_is_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    assert "is a pipe, not a file" in refused(tmp_path / "pipe")


def test_a_device_behind_a_link_is_refused(tmp_path):
    (tmp_path / "zeros").symlink_to("/dev/zero")
    assert "is a device, not a file" in refused(tmp_path / "zeros")


def test_a_folder_and_a_socket_are_refused(tmp_path):
    assert "is a folder, not a file" in refused(tmp_path)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "socket"))
        assert "is a socket, not a file" in refused(tmp_path / "socket")


@pytest.mark.parametrize(
    ("name", "problem"),
    [("absent", "no such file"), ("a\0b", "is not a path"), ("n" * 300, "File name too long")],
)
def test_paths_that_lead_nowhere(tmp_path, name, problem):
    assert problem in refused(tmp_path / name)


def test_links_in_a_circle(tmp_path):
    (tmp_path / "one").symlink_to("two")
    (tmp_path / "two").symlink_to("one")
    assert "symbolic links" in refused(tmp_path / "one")


def test_a_file_of_holes_is_refused(tmp_path):
    with (tmp_path / "holes").open("wb") as file:
        file.truncate(1 << 40)
    assert "almost all holes" in refused(tmp_path / "holes")


@pytest.mark.parametrize("ending", ["", ".gz"])
def test_the_limit_is_exact(tmp_path, ending):
    path = tmp_path / f"file{ending}"
    pack = gzip.compress if ending else bytes
    path.write_bytes(pack(b"x" * LIMIT))
    assert read_regular(path, LIMIT) == b"x" * LIMIT
    path.write_bytes(pack(b"x" * (LIMIT + 1)))
    with pytest.raises(BadFileError, match="more than 1000 bytes"):
        read_regular(path, LIMIT)


def test_gzip_of_several_members(tmp_path):
    path = tmp_path / "data.gz"
    path.write_bytes(gzip.compress(b"one ") + gzip.compress(b"") + gzip.compress(b"two"))
    assert read_regular(path, LIMIT) == gzip.decompress(path.read_bytes()) == b"one two"


def test_a_bomb_is_not_unzipped(tmp_path, monkeypatch):
    """A megabyte of gzip stands for a gigabyte; no more than the limit is ever asked for."""
    path = tmp_path / "bomb.gz"
    path.write_bytes(gzip.compress(bytes(1 << 26)))
    asked = []
    real = zlib.decompressobj

    class Counting:
        def __init__(self, **options):
            self._member = real(**options)

        def decompress(self, data, most):
            asked.append(most)
            return self._member.decompress(data, most)

        def __getattr__(self, name):
            return getattr(self._member, name)

    monkeypatch.setattr(zlib, "decompressobj", Counting)
    with pytest.raises(BadFileError, match="more than 1000 bytes"):
        read_regular(path, LIMIT)
    assert asked
    assert max(asked) <= LIMIT + 1
