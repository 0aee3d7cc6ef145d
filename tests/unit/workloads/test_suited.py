from __future__ import annotations

import pytest

from beacon.model.listener import Listener
from beacon.model.recognition import Spoken
from beacon.workloads.suited import by_habit, certain, suited, unknown

LOCAL = Listener(80, loopback=True)


@pytest.mark.parametrize(
    ("exposed", "sockets", "expected"),
    [
        ((), (), "none"),
        ((80,), (Spoken(80, "http"),), "http"),
        ((), (Spoken(80, "http"), Spoken(8404, "http")), "http+http:8404"),  # statistics
        ((4321,), (Spoken(4321, "http"),), "http"),
        ((), (Spoken(4321, "tcp"),), "tcp"),
        ((), (Spoken(22, "tcp"), Spoken(8080, "http")), "http+tcp:22"),
        ((8080,), (Spoken(80, "http"), Spoken(8080, "http")), "http:8080+http:80"),
        ((9100, 8080), (Spoken(8080, "http"), Spoken(9100, "http")), "http+http:9100"),
        ((80,), (Spoken(80, "http"), Spoken(443, "http", tls=True)), "http"),  # it drives both
        ((443,), (Spoken(443, "http", tls=True),), "http"),
        ((), (Spoken(5672, "amqp"), Spoken(15672, "http"), Spoken(4369, "tcp")), "amqp+tcp:4369"),
        ((2181,), (Spoken(2181, "zookeeper"), Spoken(8080, "http")), "zookeeper"),  # admin page
        (
            (),
            tuple(Spoken(n, "http") for n in range(1, 12)),
            "http+" + "+".join(f"http:{n}" for n in range(2, 9)),
        ),
        ((), (Spoken(80, "of another package"),), "none"),
    ],
)
def test_each_socket_gets_the_workload_that_it_asks_for(
    exposed: tuple[int, ...], sockets: tuple[Spoken, ...], expected: str
) -> None:
    assert suited(exposed, sockets, None) == expected


def test_the_habits_of_expected_workloads_need_no_question() -> None:
    heard = (Listener(6379), Listener(80), Listener(4321), LOCAL)
    assert certain((), heard, None, {"redis"}) == (Spoken(6379, "redis"),)
    assert certain((), heard, None, ()) == ()
    assert certain((), (Listener(443),), None, {"http"}) == (Spoken(443, "http", tls=True),)
    # A registry's port is no habit that stands for it, but a registry that runs explains it.
    assert certain((), (Listener(5000),), None, {"registry"}) == (Spoken(5000, "registry"),)


def test_what_no_client_reaches_is_not_asked() -> None:
    heard = (LOCAL, Listener(6379), Listener(5353, "udp"), Listener(9000))
    known = (Spoken(6379, "redis"),)
    assert unknown((), heard, None, known) == (Listener(9000), Listener(5353, "udp"))
    assert Listener(80) in unknown((), heard, "127.0.0.1", known)
    # What is driven beside a known one.
    mail = (Listener(5672), Listener(15672), Listener(25672))
    assert unknown((), mail, None, (Spoken(5672, "amqp"),)) == (Listener(25672),)


def test_silence_leaves_the_ports_number() -> None:
    asked = (Listener(80), Listener(443), Listener(4321), Listener(53, "udp"))
    answered = (Spoken(443, "tls", tls=True, asked=True),)
    assert list(by_habit(asked, answered)) == [Spoken(80, "http")]
