"""The workload that most services need: reach the server, then try a suite of checks on it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Generic, TypeVar

from beacon.model.run import Check
from beacon.workloads.checks import Deadline
from beacon.workloads.interface import Endpoint, Workload
from beacon.workloads.net import Peer, TlsPeer, speaks_tls
from beacon.workloads.ports import choose_port, unreachable
from beacon.workloads.suite import Suite

T = TypeVar("T")


class SuiteWorkload(Workload, Generic[T]):
    """Runs `suite` on what `connect` makes of the server's address and the container's endpoint.

    `ports` and `tls_ports` are the service's own; at any other port it is asked for TLS first if
    `may_be_secure`. With `udp` it is found at a port for datagrams, too. `cleaning` seconds are
    kept back from the checks, so that the server is left clean when they take too long. `recover`
    waits until a server that was slow answers again; it raises if it does not. What `connect`
    returns is entered and left if it is a context manager.
    """

    def __init__(
        self,
        name: str,
        suite: Suite[T],
        connect: Callable[[Peer, Endpoint], T],
        *,
        ports: Sequence[int],
        tls_ports: Sequence[int] = (),
        may_be_secure: bool = False,
        udp: bool = False,
        cleaning: float = 0.0,
        recover: Callable[[T], None] | None = None,
    ) -> None:
        self.name = name
        self.suite = suite
        self._connect, self._recover = connect, recover
        self._ports, self._tls_ports = tuple(ports), tuple(tls_ports)
        self._cleaning, self._may_be_secure, self._udp = cleaning, may_be_secure, udp

    def drive(self, endpoint: Endpoint, timeout: float) -> tuple[Check, ...]:
        """Try everything for at most `timeout` seconds and leave the server as it was."""
        if endpoint.address is None:
            return unreachable(self.suite.names)
        deadline = Deadline(timeout, endpoint.stop, keep=self._cleaning)
        subject = self._connect(self._peer(endpoint.address, endpoint, deadline), endpoint)
        context = subject if isinstance(subject, AbstractContextManager) else nullcontext()
        with context:
            return self.suite.run(subject, deadline, recovery=self._recovery(subject))

    def _peer(self, address: str, endpoint: Endpoint, deadline: Deadline) -> Peer:
        habits = (*self._ports, *self._tls_ports)
        peer = Peer(address, choose_port(endpoint, habits, udp=self._udp), deadline)
        secure = peer.port in self._tls_ports
        if self._may_be_secure and peer.port not in habits:
            secure = speaks_tls(peer)
        return TlsPeer(address, peer.port, deadline) if secure else peer

    def _recovery(self, subject: T) -> Callable[[], None] | None:
        recover = self._recover
        return None if recover is None else lambda: recover(subject)
