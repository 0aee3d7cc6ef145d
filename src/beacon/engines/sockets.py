"""What a container listens on, read from the host's /proc: nothing runs inside it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from ipaddress import ip_address
from itertools import islice
from pathlib import Path
from typing import Literal, NamedTuple

from beacon.engines.processes import PROC, processes
from beacon.model.listener import Listener, widest

#: States of the kernel's tables: a TCP socket that listens, a UDP socket without a peer.
_WAITING = {"tcp": b"0A", "tcp6": b"0A", "udp": b"07", "udp6": b"07"}
#: Established, half closed in any way, or remembered after its end.
_CONNECTED = frozenset({b"01", b"04", b"05", b"06", b"08", b"09", b"0B"})
#: Addresses as the tables spell them on little-endian hosts: words of four bytes, each reversed.
_V4_IN_V6 = b"0000000000000000FFFF0000"
_LOOPBACK_V6 = b"00000000000000000000000001000000"
#: 127.0.0.11, where the engine answers names inside the container's own network namespace.
_ENGINE_DNS = b"0B00007F"
#: The kernel lists listening sockets first, so what a container with a million connections
#: adds behind them need not be read.
_TABLE_LIMIT = 1 << 20
#: A process may hold a million files open only to keep us busy.
_LINK_LIMIT = 100_000
#: Listeners of one container that are told of; a hostile one may have as many as there are ports.
_MOST = 256


class _Entry(NamedTuple):
    inode: str
    protocol: Literal["tcp", "udp"]
    address: bytes
    port: int

    @property
    def listener(self) -> Listener:
        own = self.address.removeprefix(_V4_IN_V6)
        loopback = own == _LOOPBACK_V6 or (len(own) == 8 and own.endswith(b"7F"))
        return Listener(self.port, self.protocol, loopback)


def waiting(pid: int, container: str, *, shared: bool, proc: Path = PROC) -> tuple[Listener, ...]:
    """Return what the container with this id waits on for clients, sorted, 256 at most.

    `pid` is a process of it. In a `shared` network namespace, and at the address where the engine
    answers names, only the sockets count that a process of the container holds.
    """
    found = [entry for name in _WAITING for entry in _entries(proc / str(pid) / "net" / name)]
    doubtful = {each.inode for each in found if shared or each.address == _ENGINE_DNS}
    own = _among(doubtful, container, proc)
    listeners = widest(each.listener for each in found if each.inode not in doubtful - own)
    return tuple(sorted(listeners))[:_MOST]


def listening(pid: int, ports: Collection[int], proc: Path = PROC) -> dict[str, int]:
    """Return inode -> port of the sockets that listen on `ports` where process `pid` lives.

    That is its network namespace; a process that is gone has none.
    """
    tables = (proc / str(pid) / "net" / name for name in ("tcp", "tcp6"))
    entries = (entry for table in tables for entry in _entries(table))
    return {entry.inode: entry.port for entry in entries if entry.port in ports}


def connected(pid: int, address: str, proc: Path = PROC) -> frozenset[int]:
    """Return the TCP ports at `address`, the container's, that somebody has connected to.

    Whoever closed first remembers a connection for a minute: here, or at the container of which
    `pid` is a process. Its own connections to itself do not count, nor those that only failed.
    """
    spelt = _spelt(address)
    own = proc / str(pid) / "net"
    inside = {
        local[1]
        for name in ("tcp", "tcp6")
        for local, remote in _ends(own / name)
        if local[0] == spelt and remote[0] != spelt
    }
    outside = {
        remote[1]
        for name in ("tcp", "tcp6")
        for _, remote in _ends(proc / "self" / "net" / name)
        if remote[0] == spelt
    }
    return frozenset(inside | outside)


def _spelt(address: str) -> bytes:
    """An address as the tables spell it."""
    raw = ip_address(address).packed
    words = (raw[start : start + 4][::-1] for start in range(0, len(raw), 4))
    return b"".join(words).hex().upper().encode("ascii")


def _ends(table: Path) -> Iterator[tuple[tuple[bytes, int], tuple[bytes, int]]]:
    """Both ends of each connection that came about."""
    for line in _lines(table):
        fields = line.split()
        if len(fields) > 9 and fields[3] in _CONNECTED:
            yield _end(fields[1]), _end(fields[2])


def _end(word: bytes) -> tuple[bytes, int]:
    address, _, port = word.rpartition(b":")
    return address.removeprefix(_V4_IN_V6), int(port, 16)


def owned(sockets: dict[str, int], container: str, proc: Path = PROC) -> dict[str, int]:
    """Keep the sockets that a process of the container with this id holds.

    In a shared network namespace (the host's) somebody else may listen on the same port.
    """
    own = _among(sockets, container, proc)
    return {inode: port for inode, port in sockets.items() if inode in own}


def _among(inodes: Collection[str], container: str, proc: Path) -> set[str]:
    """Those of these sockets that a process of the container holds."""
    found: set[str] = set()
    for inode in islice(_held(container, proc) if inodes else (), _LINK_LIMIT):
        if inode in inodes:
            found.add(inode)
            if len(found) == len(inodes):
                break
    return found


def _lines(table: Path) -> list[bytes]:
    try:
        with table.open("rb") as file:
            return file.read(_TABLE_LIMIT).splitlines()[1:]
    except OSError:
        return []  # the process ended, or the kernel has no IPv6


def _entries(table: Path) -> Iterator[_Entry]:
    for line in _lines(table):
        # sl local_address rem_address st tx:rx tr:when retrnsmt uid timeout inode ...
        fields = line.split()
        if len(fields) > 9 and fields[3] == _WAITING[table.name]:
            address, _, port = fields[1].rpartition(b":")
            protocol: Literal["tcp", "udp"] = "udp" if table.name.startswith("udp") else "tcp"
            yield _Entry(fields[9].decode("ascii"), protocol, address, int(port, 16))


def _held(container: str, proc: Path) -> Iterator[str]:
    for process in processes(container, proc):
        try:
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
