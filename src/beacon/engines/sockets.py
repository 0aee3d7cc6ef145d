"""Which TCP ports a container listens on, read from the host's /proc: nothing runs inside it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import islice
from pathlib import Path

PROC = Path("/proc")
_LISTEN = b"0A"
#: The kernel lists listening sockets first, so what a container with a million connections
#: adds behind them need not be read.
_TABLE_LIMIT = 1 << 20
#: A process may hold a million files open only to keep us busy.
_LINK_LIMIT = 100_000


def listening(pid: int, ports: Collection[int], proc: Path = PROC) -> dict[str, int]:
    """Return inode -> port of the sockets that listen on `ports` where process `pid` lives.

    That is its network namespace; a process that is gone has none.
    """
    found: dict[str, int] = {}
    for name in ("tcp", "tcp6"):
        for inode, port in _entries(proc / str(pid) / "net" / name):
            if port in ports:
                found[inode] = port
    return found


def owned(sockets: dict[str, int], container: str, proc: Path = PROC) -> dict[str, int]:
    """Keep the sockets that a process of the container with this id holds.

    In a shared network namespace (the host's) somebody else may listen on the same port.
    """
    held = islice(_held(container, proc), _LINK_LIMIT)
    first = next((inode for inode in held if inode in sockets), None)
    return {} if first is None else {first: sockets[first]}


def _entries(table: Path) -> Iterator[tuple[str, int]]:
    try:
        with table.open("rb") as file:
            lines = file.read(_TABLE_LIMIT).splitlines()[1:]
    except OSError:
        return  # the process ended, or the kernel has no IPv6
    for line in lines:
        # sl local_address rem_address st tx:rx tr:when retrnsmt uid timeout inode ...
        fields = line.split()
        if len(fields) > 9 and fields[3] == _LISTEN:
            yield fields[9].decode("ascii"), int(fields[1].rpartition(b":")[2], 16)


def _held(container: str, proc: Path) -> Iterator[str]:
    for process in proc.glob("[0-9]*"):
        try:
            # With both cgroup drivers and both cgroup versions the path holds the full id.
            if container not in (process / "cgroup").read_text("utf-8", "replace"):
                continue
            for link in (process / "fd").iterdir():
                yield _inode(link)
        except OSError:
            continue  # it ended meanwhile


def _inode(link: Path) -> str:
    try:
        target = str(link.readlink())
    except OSError:
        return ""
    return target[len("socket:[") : -1] if target.startswith("socket:[") else ""
