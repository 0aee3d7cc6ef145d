"""The processes of a container, read from the host's /proc."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

PROC = Path("/proc")
#: SECCOMP_MODE_FILTER, linux/seccomp.h.
_FILTER = 2
_TICKS = os.sysconf("SC_CLK_TCK")
#: Fields of /proc/PID/stat behind the name: utime, stime, cutime, cstime (proc_pid_stat(5)).
_TIMES = slice(11, 15)
#: Runs, or waits for a processor; waits for a disk.
_ACTIVE = (b"R", b"D")
#: A container may have thousands to keep us busy.
_MOST_THREADS = 512


def processes(container: str, proc: Path = PROC) -> Iterator[Path]:
    """The folders in /proc of the processes of the container with this id."""
    for process in proc.glob("[0-9]*"):
        try:
            # With both cgroup drivers and both cgroup versions the path holds the full id.
            if container in (process / "cgroup").read_text("utf-8", "replace"):
                yield process
        except OSError:
            continue  # it ended meanwhile


def processor_time(container: str, proc: Path = PROC) -> float:
    """The seconds of processor time that its processes took, and children that they waited for."""
    return sum(map(_ticks, processes(container, proc))) / _TICKS


def has_filter(pid: int, proc: Path = PROC) -> bool:
    """Whether a seccomp filter judges the calls of a process; not if it has ended."""
    try:
        lines = (proc / str(pid) / "status").read_text("utf-8", "replace").splitlines()
    except OSError:
        return False
    # A process name cannot begin a line: the kernel escapes its line feeds.
    return f"Seccomp:\t{_FILTER}" in lines


def is_active(container: str, proc: Path = PROC) -> bool:
    """Whether a thread of it has something to do, though it may get no processor for it."""
    found = (task for process in processes(container, proc) for task in process.glob("task/*"))
    states = (_fields(task)[:1] for task in islice(found, _MOST_THREADS))
    return any(state[0] in _ACTIVE for state in states if state)


def _ticks(process: Path) -> int:
    return sum(map(int, _fields(process)[_TIMES]))


def _fields(process: Path) -> list[bytes]:
    """What the stat of a process or thread says behind the name, from its state on, or nothing."""
    try:
        # The name may hold anything, spaces and parentheses too.
        return (process / "stat").read_bytes().rpartition(b")")[2].split()
    except OSError:
        return []
