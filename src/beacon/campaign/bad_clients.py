"""Clients that misbehave, whatever the protocol: bytes on TCP connections."""

from __future__ import annotations

import random
import resource
import socket
from contextlib import ExitStack, suppress

from beacon.campaign.not_applicable import NotApplicableError
from beacon.model.environment import Step
from beacon.workloads.checks import Deadline
from beacon.workloads.interface import Endpoint
from beacon.workloads.net import Peer, reset

_SECONDS = 20.0
#: The same bytes every time, so that two runs can be compared.
_SEED = 2512


def crowd(endpoint: Endpoint, step: Step) -> None:
    """Hold `count` connections open for `seconds`, each with a byte on it.

    Not more than a quarter of the files that this process may open: the rest of it needs some, too.
    """
    peer = _peer(endpoint)
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    with ExitStack() as stack:
        for _ in range(min(step.count, files // 4)):
            with suppress(OSError):
                stack.enter_context(peer.connect()).send(b"\n")
            if endpoint.stop.is_set():
                return
        endpoint.stop.wait(step.seconds)


def resets(endpoint: Endpoint, step: Step) -> None:
    """Break `count` connections off, one after the other."""
    peer = _peer(endpoint)
    for _ in range(step.count):
        if endpoint.stop.is_set():
            return
        with suppress(OSError):
            reset(peer, b"beacon\r\n")


def junk(endpoint: Endpoint, step: Step) -> None:
    """Send `count` KiB of random bytes and read what comes back."""
    peer, noise = _peer(endpoint), random.Random(_SEED)  # noqa: S311 - no secret
    with suppress(OSError), peer.connect() as connection:
        for _ in range(step.count):
            connection.settimeout(peer.deadline.wait())
            connection.sendall(noise.randbytes(1024))
        connection.shutdown(socket.SHUT_WR)
        connection.recv(1 << 16)


def drip(endpoint: Endpoint, step: Step) -> None:
    """Send a byte every tenth of a second for `seconds`."""
    peer = _peer(endpoint)
    with suppress(OSError), peer.connect() as connection:
        for number in range(round(step.seconds * 10)):
            connection.send(b"GET / HTTP/1.1\r\n"[number % 16 : number % 16 + 1])
            if endpoint.stop.wait(0.1):
                return


def _peer(endpoint: Endpoint) -> Peer:
    """The first exposed port that answers; NotApplicableError if none does."""
    deadline = Deadline(_SECONDS, endpoint.stop)
    for port in endpoint.ports if endpoint.address is not None else ():
        peer = Peer(str(endpoint.address), port, deadline)
        with suppress(OSError), peer.connect():
            return peer
    raise NotApplicableError("It has no port that a client could connect to.")
