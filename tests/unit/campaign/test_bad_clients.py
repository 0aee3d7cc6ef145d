"""Bad clients against bad servers: what they take is bounded, too."""

from __future__ import annotations

import resource
import socket
import time
import tracemalloc
from collections.abc import Callable

import pytest

from beacon.campaign import bad_clients
from beacon.model.environment import Action, Step, When
from beacon.workloads.interface import Endpoint
from unit.workloads.servers import CONTAINER, listening

_BLOCK = bytes(1 << 20)


def _flood(connection: socket.socket) -> None:
    while True:
        connection.sendall(_BLOCK)


@pytest.mark.parametrize(
    "act", [bad_clients.crowd, bad_clients.resets, bad_clients.junk, bad_clients.drip]
)
def test_a_flood_is_not_taken(act: Callable[[Endpoint, Step], None]) -> None:
    step = Step(do=Action.JUNK, when=When.DURING, count=8, seconds=0.3)
    with listening(_flood) as port:
        endpoint = Endpoint(container=CONTAINER, address="127.0.0.1", ports=(port,))
        began = time.monotonic()
        tracemalloc.start()
        try:
            act(endpoint, step)
            most = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert time.monotonic() - began < 10
    assert most < 1 << 20


def test_a_crowd_leaves_files_to_the_rest_of_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (40, 40))
    crowd: list[int] = []

    def count(connection: socket.socket) -> None:
        crowd.append(1)
        connection.recv(1)
        connection.recv(1)

    step = Step(do=Action.CONNECTIONS, count=1_000_000, seconds=0.5)
    with listening(count) as port:
        bad_clients.crowd(Endpoint(container=CONTAINER, address="127.0.0.1", ports=(port,)), step)
    assert 1 < len(crowd) <= 1 + 40 // 4  # the first only asks whether the port answers
