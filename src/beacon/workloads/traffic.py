"""The network connections of this process, those of C libraries too: counts and ends them."""

from __future__ import annotations

import os
import socket
import stat
import struct
from collections.abc import Container, Iterator
from contextlib import suppress
from pathlib import Path

_OPEN_FILES = Path("/proc/self/fd")
_FAMILIES = (socket.AF_INET, socket.AF_INET6)
#: tcpi_bytes_received of struct tcp_info in linux/tcp.h, since Linux 4.1: a u64 after 128 bytes.
_RECEIVED = struct.Struct("128xQ")


def opened() -> frozenset[int]:
    """The inodes of all sockets of this process that are for a network."""
    return frozenset(inode for inode, _ in _sockets(()))


def received(but: Container[int] = ()) -> dict[int, int]:
    """How many bytes each socket received, by its inode; without the sockets in `but`.

    What the kernel still holds for us counts, too. Only TCP connections are counted.
    """
    return {inode: _received(connection) for inode, connection in _sockets(but)}


def end(but: Container[int] = ()) -> int:
    """Shut all network connections down but those in `but`; how many there were.

    Whoever reads one of them finds its end, in Python or in C.
    """
    ended = 0
    for _, connection in _sockets(but):
        with suppress(OSError):  # it was not connected, or has ended meanwhile
            connection.shutdown(socket.SHUT_RDWR)
            ended += 1
    return ended


def _sockets(but: Container[int]) -> Iterator[tuple[int, socket.socket]]:
    for entry in _OPEN_FILES.iterdir():
        found = _copied(int(entry.name))
        if found is not None:
            inode, connection = found
            with connection:
                if connection.family in _FAMILIES and inode not in but:
                    yield inode, connection


def _copied(number: int) -> tuple[int, socket.socket] | None:
    """A socket with a descriptor of our own: another thread may close the original at any time."""
    try:
        copy = os.dup(number)
    except OSError:
        return None
    found = os.fstat(copy)
    if not stat.S_ISSOCK(found.st_mode):
        os.close(copy)
        return None
    return found.st_ino, socket.socket(fileno=copy)


def _received(connection: socket.socket) -> int:
    try:
        facts = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _RECEIVED.size)
    except OSError:  # it carries datagrams
        return 0
    return int(_RECEIVED.unpack(facts)[0])
