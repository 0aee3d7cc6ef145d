from __future__ import annotations

import socket

from beacon.workloads.interface import Endpoint
from beacon.workloads.probe import ProbeWorkload, speak_http
from unit.workloads.servers import CONTAINER, Healthy, listening, nobody, serving


def _greet(connection: socket.socket) -> None:
    connection.sendall(b"SSH-2.0-beacon\r\n")
    connection.recv(1000)


def test_only_who_answers_by_http_speaks_it() -> None:
    endpoint, closed = Endpoint(CONTAINER, "127.0.0.1", ()), nobody()
    with serving(Healthy) as port, listening(_greet) as greeter:
        workload = ProbeWorkload((port, greeter, closed))
        checks = workload.drive(endpoint, 5)
    assert speak_http(checks) == {port}
    assert [check.detail for check in checks] == ["answered", "answered", "ConnectionRefusedError"]
    assert workload.reached(endpoint, checks) == frozenset()


def test_without_an_address_nobody_is_asked() -> None:
    assert ProbeWorkload((1,)).drive(Endpoint("", None, ()), 1) == ()
