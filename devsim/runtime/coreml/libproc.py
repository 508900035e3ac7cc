"""``phys_footprint`` of processes, from macOS's libproc: what the system holds against them.

``proc_pid_rusage`` and ``proc_listchildpids`` are declared in ``<libproc.h>``, the structure in
``<sys/resource.h>`` (xnu's ``bsd/sys/resource.h``): a 16-byte uuid and 35 counters of 64 bits.
"""

import ctypes
import functools

_RUSAGE_INFO_V4 = 4
_COUNTERS_BEFORE_FOOTPRINT, _COUNTERS_AFTER = 7, 27
_MOST_CHILDREN = 1024


class RusageInfoV4(ctypes.Structure):
    """``struct rusage_info_v4``; of its counters only the footprint is named."""

    _fields_ = (
        ("ri_uuid", ctypes.c_uint8 * 16),
        ("before", ctypes.c_uint64 * _COUNTERS_BEFORE_FOOTPRINT),
        ("ri_phys_footprint", ctypes.c_uint64),
        ("after", ctypes.c_uint64 * _COUNTERS_AFTER),
    )


def phys_footprint(pid: int) -> int:
    """Bytes of one process.

    Raises:
        ProcessLookupError: there is no such process, or it may not be asked about.
    """
    info = RusageInfoV4()
    if _libproc().proc_pid_rusage(pid, _RUSAGE_INFO_V4, ctypes.byref(info)) != 0:
        raise ProcessLookupError(pid)
    return int(info.ri_phys_footprint)


def children(pid: int) -> list[int]:
    """The processes that a process has started and that have not ended."""
    found = (ctypes.c_int * _MOST_CHILDREN)()
    _libproc().proc_listchildpids(pid, found, ctypes.sizeof(found))
    return [child for child in found if child > 0]


@functools.cache
def _libproc() -> ctypes.CDLL:
    return ctypes.CDLL("/usr/lib/libproc.dylib")
