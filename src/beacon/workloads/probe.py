"""Asks ports whose number says nothing whether they speak HTTP."""

from __future__ import annotations

from collections.abc import Sequence

from beacon.model.run import Check
from beacon.workloads.checks import AnswerError, Deadline, at_once
from beacon.workloads.interface import Endpoint, Workload
from beacon.workloads.net import Peer, exchange

#: One request that changes nothing, and the connection's end.
_REQUEST = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
_PATIENCE = 4.0
_THREADS = 8


class ProbeWorkload(Workload):
    """One harmless request for each of `ports`; a check of the port's number says what came."""

    name = "probe"

    def __init__(self, ports: Sequence[int]) -> None:
        self._ports = tuple(ports)

    def drive(self, endpoint: Endpoint, timeout: float) -> tuple[Check, ...]:
        """Ask them all, several at a time."""
        address = endpoint.address
        if address is None:
            return ()
        deadline = Deadline(timeout, endpoint.stop)
        peers = [Peer(address, port, deadline) for port in self._ports]
        return tuple(at_once(lambda n: _ask(peers[n]), len(peers), _THREADS))

    def reached(self, endpoint: Endpoint, checks: Sequence[Check]) -> frozenset[str] | None:
        """Nothing: a question is not yet a use."""
        return frozenset()


def speak_http(checks: Sequence[Check]) -> frozenset[int]:
    """The ports that answered by HTTP."""
    return frozenset(int(check.name) for check in checks if check.passed)


def _ask(peer: Peer) -> Check:
    try:
        reply = exchange(peer, [_REQUEST], patience=_PATIENCE)
    except (OSError, AnswerError) as error:
        return Check(str(peer.port), passed=False, detail=type(error).__name__)
    return Check(str(peer.port), reply.content.startswith(b"HTTP/1."), detail=reply.manner)
