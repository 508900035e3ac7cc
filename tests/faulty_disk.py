"""A disk that a test can slow down or break: a FUSE mount of a folder, read only.

The kernel's own errors and waits reach whoever reads it. Protocol: fuse(4) and linux/fuse.h.
"""

import contextlib
import ctypes
import errno
import os
import stat
import struct
import threading
from pathlib import Path

import pytest

LOOKUP, FORGET, GETATTR, OPEN, READ, STATFS, RELEASE, FLUSH = 1, 2, 3, 14, 15, 17, 18, 25
INIT, OPENDIR, READDIR, RELEASEDIR, INTERRUPT, BATCH_FORGET = 26, 27, 28, 29, 36, 42
IN_HEADER, OUT_HEADER = struct.Struct("<IIQQIIIHH"), struct.Struct("<IiQ")
DIRECT_IO = 1
MS_RDONLY, MNT_FORCE, MNT_DETACH = 1, 1, 2

needs_fuse = pytest.mark.skipif(
    not (os.access("/dev/fuse", os.R_OK | os.W_OK) and getattr(os, "geteuid", lambda: 1)() == 0),
    reason="mounting a file system needs root and /dev/fuse",
)


class Disk:
    """A folder served through FUSE; ``on_read(path, offset)`` may wait, or raise OSError."""

    def __init__(self, folder: Path, at: Path) -> None:
        self.on_read = lambda path, offset: None
        self._nodes = [Path(), folder]
        self.at = at
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._device = os.open("/dev/fuse", os.O_RDWR)
        options = f"fd={self._device},rootmode=40000,user_id=0,group_id=0".encode()
        if self._libc.mount(b"devsim", bytes(at), b"fuse.devsim", MS_RDONLY, options):
            raise OSError(ctypes.get_errno(), "mount")
        self._thread = threading.Thread(target=self._serve, name="test-disk", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._libc.umount2(bytes(self.at), MNT_DETACH)
        self._thread.join()
        os.close(self._device)

    def _serve(self) -> None:
        try:
            with contextlib.suppress(OSError):  # ENODEV: unmounted
                while True:
                    self._answer(os.read(self._device, 1 << 20))
        finally:  # whatever ended the serving, nobody waits for it
            self._libc.umount2(bytes(self.at), MNT_FORCE | MNT_DETACH)

    def _answer(self, request: bytes) -> None:
        _, operation, unique, node, *_ = IN_HEADER.unpack_from(request)
        if operation in (FORGET, BATCH_FORGET, INTERRUPT):
            return
        try:
            data, error = self._do(operation, node, request[IN_HEADER.size :]), 0
        except OSError as raised:
            data, error = b"", raised.errno
        with contextlib.suppress(OSError):  # ENOENT: who asked has been killed
            head = OUT_HEADER.pack(OUT_HEADER.size + len(data), -error, unique)
            os.write(self._device, head + data)

    def _do(self, operation: int, node: int, body: bytes) -> bytes:
        path = self._nodes[node]
        if operation == INIT:
            major, minor, readahead, _ = struct.unpack_from("<IIII", body)
            return struct.pack(
                "<IIIIHHIIHHI7I", major, min(minor, 31), readahead, 0, 12, 9, 1 << 17, 1, *[0] * 10
            )
        if operation == LOOKUP:
            child = path / body.rstrip(b"\0").decode()
            attributes = self._attributes(child)
            self._nodes.append(child)
            return struct.pack("<QQQQII", len(self._nodes) - 1, 0, 0, 0, 0, 0) + attributes
        if operation == GETATTR:
            return struct.pack("<QII", 0, 0, 0) + self._attributes(path)
        if operation in (OPEN, OPENDIR):
            return struct.pack("<QII", 0, DIRECT_IO if operation == OPEN else 0, 0)
        if operation == READ:
            _, offset, size = struct.unpack_from("<QQI", body)
            self.on_read(path, offset)
            with path.open("rb") as file:
                file.seek(offset)
                return file.read(size)
        if operation == READDIR:
            return self._entries(path, struct.unpack_from("<QQ", body)[1])
        if operation in (RELEASE, RELEASEDIR, FLUSH):
            return b""
        if operation == STATFS:
            return bytes(80)
        raise OSError(errno.ENOSYS, "not served")

    @staticmethod
    def _attributes(path: Path) -> bytes:
        seen = path.stat()
        seconds, nanoseconds = divmod(seen.st_mtime_ns, 10**9)
        mode = (stat.S_IFDIR | 0o555) if path.is_dir() else (stat.S_IFREG | 0o444)
        return struct.pack(
            "<6Q10I", seen.st_ino, seen.st_size, 0, *[seconds] * 3, *[nanoseconds] * 3,
            mode, 1, 0, 0, 0, 4096, 0,
        )  # fmt: skip

    @staticmethod
    def _entries(path: Path, offset: int) -> bytes:
        if offset:
            return b""
        packed = b""
        for number, child in enumerate(sorted(path.iterdir()), start=1):
            name, kind = child.name.encode(), stat.S_IFMT(child.stat().st_mode) >> 12
            entry = struct.pack("<QQII", number, number, len(name), kind) + name
            packed += entry + bytes(-len(entry) % 8)
        return packed
