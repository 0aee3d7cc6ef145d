"""The kernel's own copy of the filters that a process runs under.

PTRACE_SECCOMP_GET_FILTER needs CAP_SYS_ADMIN in the initial user namespace, a kernel with
CONFIG_CHECKPOINT_RESTORE, and no filter on the caller.
"""

from __future__ import annotations

import ctypes
import errno
import os
from collections.abc import Iterator

from classic_bpf import Program, decode

# linux/ptrace.h
_SEIZE, _INTERRUPT, _DETACH, _SECCOMP_GET_FILTER = 0x4206, 0x4207, 17, 0x420C
_WALL = 0x40000000  # linux/wait.h
_SIZE = 8  # struct sock_filter
_MOST = 64

_libc = ctypes.CDLL(None, use_errno=True)
_libc.ptrace.argtypes = (ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p)
_libc.ptrace.restype = ctypes.c_long


def filters_of(pid: int) -> list[Program]:
    """The filters of a process, newest first; OSError if the kernel does not show them."""
    _ptrace(_SEIZE, pid)
    try:
        _ptrace(_INTERRUPT, pid)
        os.waitpid(pid, _WALL)
        return list(_fetch(pid))
    finally:
        _ptrace(_DETACH, pid)


def _fetch(pid: int) -> Iterator[Program]:
    for index in range(_MOST):
        try:
            length = _ptrace(_SECCOMP_GET_FILTER, pid, index)
        except OSError as error:
            if error.errno == errno.ENOENT:
                return
            raise
        raw = ctypes.create_string_buffer(length * _SIZE)
        _ptrace(_SECCOMP_GET_FILTER, pid, index, raw)
        yield decode(raw.raw)


def _ptrace(request: int, pid: int, address: int = 0, data: object = None) -> int:
    result = _libc.ptrace(request, pid, address, data)
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return int(result)
