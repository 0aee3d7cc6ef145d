"""Opens files below a root that may be hostile: no link leads out of it (openat2, Linux 5.6)."""

from __future__ import annotations

import ctypes
import os
from errno import ENODATA, ENOTSUP

_OPENAT2 = 437  # on every architecture: the table is one since Linux 5.1
#: linux/openat2.h
_RESOLVE_NO_MAGICLINKS, _RESOLVE_IN_ROOT = 0x02, 0x10
_LIBC = ctypes.CDLL(None, use_errno=True)


class _OpenHow(ctypes.Structure):
    _fields_ = (
        ("flags", ctypes.c_uint64),
        ("mode", ctypes.c_uint64),
        ("resolve", ctypes.c_uint64),
    )


def open_inside(root: int, path: str, flags: int) -> int:
    """A descriptor of `path` as a process sees it whose root is the folder `root`; OSError."""
    how = _OpenHow(flags | os.O_CLOEXEC, 0, _RESOLVE_IN_ROOT | _RESOLVE_NO_MAGICLINKS)
    raw = os.fsencode(path)
    handle = _LIBC.syscall(_OPENAT2, root, raw, ctypes.byref(how), ctypes.sizeof(how))
    if handle < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), path)
    return int(handle)


def attribute_inside(root: int, path: str, name: str) -> bytes:
    """An extended attribute of the file at `path`, links followed; empty without it. OSError."""
    handle = open_inside(root, path, os.O_PATH)
    try:
        # getxattr(2) takes no descriptor that was opened with O_PATH, but its link.
        return os.getxattr(f"/proc/self/fd/{handle}", name)
    except OSError as error:
        if error.errno in (ENODATA, ENOTSUP):
            return b""
        raise
    finally:
        os.close(handle)
