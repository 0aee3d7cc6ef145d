"""The process that takes hostile files apart: forks one with few rights for each.

BeaCon starts it as `python -m beacon.reach.worker FD` and holds the other end of the socket FD.
Each message brings two descriptors: the content of an ELF file, and where the facts about it are to
be written. The fork can open no file, make no process and use no more than `limits.py` says. As
it serves one file alone, whatever that makes it do can falsify no facts about others.
"""

from __future__ import annotations

import ctypes
import gc
import os
import resource
import signal
import socket
import sys
from contextlib import suppress
from typing import NoReturn

import capstone  # noqa: F401 - now, for the forks can open no file
import msgspec

from beacon.reach import facts
from beacon.reach.limits import CPU_SECONDS, FAILED, MEMORY

_NOBODY = 65534  # the user and the group that own nothing, as Linux' overflowuid
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_NO_NEW_PRIVS = 1, 4, 38


def main(descriptor: int, parent: int) -> None:
    """Serve until the other end is closed."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the forks
    gc.disable()  # a fork lives for one file; to look for garbage would copy what it shares
    _drop(parent)
    with socket.socket(fileno=descriptor) as control:
        while True:
            message, descriptors, _, _ = socket.recv_fds(control, 1, 2)
            if not message:
                return
            _fork(descriptors, control)
            for each in descriptors:
                os.close(each)


def _drop(parent: int) -> None:
    """Become nobody, where we are root, and end with BeaCon."""
    if os.geteuid() == 0:
        with suppress(OSError):  # a user namespace without this user
            os.setgroups([])
            os.setresgid(_NOBODY, _NOBODY, _NOBODY)
            os.setresuid(_NOBODY, _NOBODY, _NOBODY)
    libc = ctypes.CDLL(None)
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)  # forks cannot trace each other
    # Last: a change of the user takes it away.
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died before we asked
        os._exit(0)


def _fork(descriptors: list[int], control: socket.socket) -> None:
    with suppress(OSError):  # no process can be made: BeaCon sees that nothing is written
        if not os.fork():
            control.close()
            _child(*descriptors)


def _child(source: int, answer: int) -> NoReturn:
    try:
        content = _read(source)
        _limit()
        os.set_blocking(answer, True)
        _write(answer, msgspec.json.encode(facts.of_elf(content)))
    except MemoryError:
        _write(answer, msgspec.json.encode(facts.unread(FAILED)))
    finally:
        os._exit(0)


def _limit() -> None:
    libc = ctypes.CDLL(None)
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    for which, most in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_CPU, CPU_SECONDS),
        (resource.RLIMIT_DATA, MEMORY),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, 0),
        (resource.RLIMIT_NPROC, 0),
    ):
        resource.setrlimit(which, (most, most))


def _read(source: int) -> bytes:
    with os.fdopen(source, "rb", closefd=False) as file:
        return file.read()


def _write(answer: int, text: bytes) -> None:
    with os.fdopen(answer, "wb", closefd=False) as file:
        file.write(text)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
