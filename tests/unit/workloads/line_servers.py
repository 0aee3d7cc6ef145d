"""Servers that are not what a service of lines expects, and what its workload makes of them."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Collection
from typing import Any

from beacon.workloads.interface import Endpoint
from beacon.workloads.service import Service
from beacon.workloads.suite_workload import SuiteWorkload
from unit.workloads.servers import CONTAINER, endpoint, listening, nobody

Behaviour = Callable[[socket.socket], None]


def behaviours(greeting: bytes) -> dict[str, Behaviour]:
    """Silent; greeting well and then nonsense; another protocol; greeting without end."""

    def hostile(connection: socket.socket) -> None:
        connection.sendall(greeting)
        while connection.recv(1 << 16):
            connection.sendall(b"999 \x1b[2J\xff\r\n")

    def endless(connection: socket.socket) -> None:
        while True:
            connection.sendall(greeting + b"x" * 70_000)

    return {"silent": _silent, "hostile": hostile, "nonsense": _nonsense, "endless": endless}


def _silent(connection: socket.socket) -> None:
    while connection.recv(1 << 16):
        pass


def _nonsense(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 400 \x1b[2J Bad Request\r\n\r\n")


def check_fails_in_time(
    workload: SuiteWorkload[Any], behaviour: Behaviour, *, may_pass: Collection[str] = ()
) -> None:
    """Driving such a server ends, passes no check but these, and shows nothing unprintable."""
    started = time.monotonic()
    with listening(behaviour) as port:
        checks = workload.drive(endpoint(port), 0.7)
    assert time.monotonic() - started < 5
    assert tuple(check.name for check in checks) == workload.suite.names
    assert {check.name for check in checks if check.passed} <= set(may_pass)
    assert all((check.detail or "").isprintable() for check in checks)


def check_same_names_without_a_server(workload: SuiteWorkload[Any]) -> None:
    """No network and nobody listening give the same names, and none passes."""
    apart = workload.drive(Endpoint(container=CONTAINER, address=None, ports=()), 5)
    alone = workload.drive(endpoint(nobody()), 5)
    assert [check.name for check in apart] == [check.name for check in alone]
    assert not any(check.passed for check in (*apart, *alone))


def matching(service: Service, said: bytes) -> list[int]:
    """The numbers of the service's probes whose answer this is."""
    return [n for n, probe in enumerate(service.probes) if probe.answer.match(said)]


#: What servers of other protocols say; no probe of lines is to take it for its own.
OTHERS = (
    b"SSH-2.0-OpenSSH_9.2\r\n",
    b"HTTP/1.1 400 Bad Request\r\n\r\n",
    b"5.5.5-10.11.6-MariaDB",
    b"220 ready\r\n500 unknown\r\n",
)
