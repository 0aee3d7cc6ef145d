"""Finds out what a socket speaks: banner, TLS, then the probes of every installed service.

One table of questions in order, each harmless to other protocols. A socket is asked on a new
connection each time, and a few kilobytes of what it says are read.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator, Sequence
from contextlib import suppress

from beacon.model.listener import Listener
from beacon.model.recognition import Spoken
from beacon.model.run import Check
from beacon.workloads.checks import Deadline, at_once
from beacon.workloads.discovery import by_port, drivers
from beacon.workloads.interface import Endpoint, Workload
from beacon.workloads.net import Peer, TlsPeer, speaks_tls
from beacon.workloads.origin import Origin
from beacon.workloads.service import ORIGIN, Probe, Service

#: Seconds that a server gets for its banner, its handshake, and each answer.
_PATIENCE = 1.5
#: Seconds between two pieces of one answer.
_REST = 0.2
_THREADS = 16
_ENOUGH = 4 << 10  # bytes
#: The generic workloads: for what answers, but in no way that a service knows.
TCP, TLS = "tcp", "tls"
#: It answered in no way that a probe knows; it accepts and says nothing; it does not accept.
_UNKNOWN, _MUTE, _SILENT = "unknown", "mute", "silent"


class DetectionWorkload(Workload):
    """Asks each of these sockets; a check named after it says what it speaks (see `spoken`)."""

    name = "detection"

    def __init__(self, sockets: Sequence[Listener]) -> None:
        self._sockets = tuple(sockets)

    def drive(self, endpoint: Endpoint, timeout: float) -> tuple[Check, ...]:
        """Ask them all at once."""
        address = endpoint.address
        if address is None:
            return ()
        deadline = Deadline(timeout, endpoint.stop)

        def ask(number: int) -> Check:
            listener = self._sockets[number]
            peer = Peer(address, listener.port, deadline)
            answer = _datagram(peer) if listener.protocol == "udp" else _stream(peer)
            return Check(f"{listener.port}/{listener.protocol}", passed=True, value=answer)

        return tuple(at_once(ask, len(self._sockets), _THREADS))

    def reached(self, endpoint: Endpoint, checks: Sequence[Check]) -> frozenset[str] | None:
        """Nothing: a question is not yet a use."""
        return frozenset()


def spoken(checks: Sequence[Check]) -> Iterator[Spoken]:
    """What a DetectionWorkload's checks say, without the sockets that said nothing."""
    for check in checks:
        port, _, transport = check.name.partition("/")
        name, _, secure = (check.value or _SILENT).partition(" ")
        if transport == "udp":
            if name in drivers():
                yield Spoken(port=int(port), workload=name, transport="udp", asked=True)
        elif name != _SILENT:
            generic = TLS if secure else TCP
            habit = by_port(int(port)) if name == _MUTE else None
            workload = habit or (generic if name in (_UNKNOWN, _MUTE) else name)
            yield Spoken(
                port=int(port),
                workload=workload,
                transport="tcp",
                tls=bool(secure),
                asked=habit is None,
            )


def _stream(peer: Peer) -> str:
    """`http`, `smtp tls`, `unknown`, or `silent` for what accepts no connection."""
    try:
        banner = _said(peer, b"")
    except OSError:
        return _SILENT
    table = _table(peer.port)
    if banner:
        return _matching(table, banner) or _UNKNOWN
    secure = speaks_tls(peer, _PATIENCE)
    asked = TlsPeer(peer.address, peer.port, peer.deadline) if secure else peer
    suffix = " tls" if secure else ""
    if secure and (banner := _heard(asked, b"")):
        return (_matching(table, banner) or _UNKNOWN) + suffix
    said = False
    for name, probe in table:
        answer = _answer(asked, probe)
        said = said or bool(answer)
        if answer and probe.answer.match(answer):
            return name + suffix
    return (_UNKNOWN if said else _MUTE) + suffix


def _answer(peer: Peer, probe: Probe) -> bytes:
    if not probe.passed_on:
        return _heard(peer, probe.send) if probe.send else b""
    with suppress(OSError), Origin(peer.own_address()) as origin:
        return _heard(peer, probe.send.replace(ORIGIN, origin.location.encode()))
    return b""


def _matching(table: Sequence[tuple[str, Probe]], banner: bytes) -> str | None:
    spoke = (name for name, probe in table if not probe.send and probe.answer.match(banner))
    return next(spoke, None)


def _table(port: int, transport: str = "tcp") -> list[tuple[str, Probe]]:
    """All probes with their workload's name: those that the port is a habit of come first.

    Before them come those that are passed on: a proxy answers like a web server, too.
    """

    def rank(service: Service) -> tuple[bool, bool, str]:
        passes_on = any(probe.passed_on for probe in service.probes)
        return not passes_on, port not in service.habits, service.workload

    services = sorted(drivers().values(), key=rank)
    pairs = [(each.workload, probe) for each in services for probe in each.probes]
    return [(name, probe) for name, probe in pairs if probe.transport == transport]


def _heard(peer: Peer, question: bytes) -> bytes:
    """What it says; nothing where it closes, or no connection comes about."""
    with suppress(OSError):
        return _said(peer, question)
    return b""


def _said(peer: Peer, question: bytes) -> bytes:
    with peer.connect() as connection:
        connection.settimeout(max(0.1, peer.deadline.left(_PATIENCE)))
        with suppress(OSError):  # it connected: silence and a reset are answers
            connection.sendall(question)
            return _received(connection)
    return b""


def _received(connection: socket.socket) -> bytes:
    """Its first words: what comes at once, for an answer may come in several pieces."""
    said = connection.recv(_ENOUGH)
    connection.settimeout(_REST)
    with suppress(OSError):
        while said and len(said) < _ENOUGH and (more := connection.recv(_ENOUGH)):
            said += more
    return said


def _datagram(peer: Peer) -> str:
    family = socket.AF_INET6 if ":" in peer.address else socket.AF_INET
    for name, probe in _table(peer.port, "udp"):
        with socket.socket(family, socket.SOCK_DGRAM) as connection, suppress(OSError):
            connection.settimeout(max(0.1, peer.deadline.left(_PATIENCE)))
            connection.connect((peer.address, peer.port))
            connection.send(probe.send)
            if probe.answer.match(connection.recv(_ENOUGH)):
                return name
    return _UNKNOWN
