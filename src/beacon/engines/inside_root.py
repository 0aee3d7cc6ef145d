"""Opens files below a root that may be hostile: no link leads out of it (openat2, Linux 5.6)."""

from __future__ import annotations

import ctypes
import os
from errno import ENODATA, ENOTSUP
from pathlib import Path

_OPENAT2 = 437  # on every architecture: the table is one since Linux 5.1
#: linux/openat2.h
_RESOLVE_NO_MAGICLINKS, _RESOLVE_BENEATH, _RESOLVE_IN_ROOT = 0x02, 0x08, 0x10
_LIBC = ctypes.CDLL(None, use_errno=True)


class _OpenHow(ctypes.Structure):
    _fields_ = (
        ("flags", ctypes.c_uint64),
        ("mode", ctypes.c_uint64),
        ("resolve", ctypes.c_uint64),
    )


def open_inside(root: int, path: str, flags: int) -> int:
    """A descriptor of `path` as a process sees it whose root is the folder `root`; OSError."""
    return _open(root, path, flags, _RESOLVE_IN_ROOT)


def path_inside(top: Path, path: str, mode: int) -> Path:
    """A relative path without links from `top` to the file or folder at `path`, links followed.

    Folders that are missing are made, with this mode. OSError, with EXDEV where it leads out.
    """
    root = os.open(top, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    here = os.dup(root)
    try:
        reached = Path()
        for part in Path(path).parts:
            reached /= part
            following = _reach(root, here, reached, mode)
            os.close(here)
            here = following
        # As the mounts name them where the folder is, which may be in another namespace.
        return Path(os.path.relpath(_link(here).readlink(), _link(root).readlink()))
    finally:
        os.close(here)
        os.close(root)


def _reach(root: int, parent: int, path: Path, mode: int) -> int:
    """A descriptor of `path`, made in the folder `parent` if it is not there."""
    try:
        return _open(root, str(path), os.O_PATH, _RESOLVE_BENEATH)
    except FileNotFoundError:
        os.mkdir(path.name, dir_fd=parent)
    made = _open(root, str(path), os.O_PATH | os.O_NOFOLLOW, _RESOLVE_BENEATH)
    _link(made).chmod(mode)
    return made


def _link(handle: int) -> Path:
    return Path(f"/proc/self/fd/{handle}")


def _open(root: int, path: str, flags: int, resolve: int) -> int:
    how = _OpenHow(flags | os.O_CLOEXEC, 0, resolve | _RESOLVE_NO_MAGICLINKS)
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
