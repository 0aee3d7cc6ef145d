from __future__ import annotations

import pytest

from beacon.model.listener import Listener
from beacon.workloads.suited import suited, unknown

LOCAL = Listener(80, loopback=True)


@pytest.mark.parametrize(
    ("exposed", "listeners", "http", "expected"),
    [
        ((), (), (), "none"),
        ((80,), (Listener(80),), (), "http"),
        ((), (Listener(80),), (), "http"),
        ((), (Listener(80), Listener(8404)), (8404,), "http+http:8404"),  # HAProxy's statistics
        ((4321,), (Listener(4321),), (4321,), "http"),
        ((4321,), (Listener(4321),), (), "none"),
        ((), (Listener(4321),), (4321,), "http"),
        ((80, 8080), (Listener(8080),), (), "http"),
        ((8080,), (Listener(80), Listener(8080)), (), "http:8080+http:80"),
        ((9100, 8080), (Listener(8080), Listener(9100)), (9100,), "http+http:9100"),
        ((6379,), (Listener(6379), Listener(8000)), (), "redis+http:8000"),
        ((80,), (Listener(80), Listener(443)), (), "http"),  # http drives both
        ((443,), (Listener(443),), (), "http"),
        ((), (Listener(5672), Listener(15672), Listener(4369)), (), "amqp"),
        ((2181,), (Listener(2181), Listener(8080)), (), "zookeeper"),  # its admin page
        ((80,), (LOCAL,), (), "none"),
        ((53,), (Listener(53, "udp"),), (), "none"),
        ((80,), (Listener(80, "udp"),), (), "none"),
        ((), (Listener(8080), Listener(8081), LOCAL), (), "http+http:8081"),
        ((), tuple(map(Listener, range(1, 9))), range(1, 9), "http+http:2+http:3+http:4"),
    ],
)
def test_each_socket_gets_the_workload_that_it_asks_for(
    exposed: tuple[int, ...],
    listeners: tuple[Listener, ...],
    http: tuple[int, ...],
    expected: str,
) -> None:
    assert suited(exposed, listeners, None, http) == expected


def test_on_the_hosts_network_loopback_is_reached() -> None:
    assert suited((), (LOCAL,), "127.0.0.1") == "http"


def test_only_ports_whose_number_says_nothing_are_asked() -> None:
    listeners = (Listener(80), Listener(443), Listener(4321), Listener(7, loopback=True))
    assert unknown((80,), listeners, None) == (4321,)
    assert unknown((80,), (), None) == ()
    assert len(unknown((), tuple(map(Listener, range(1000, 1100))), None)) == 16
