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
        ((80,), (Spoken(port=80, workload="http"),), "http"),
        (
            (),
            (Spoken(port=80, workload="http"), Spoken(port=8404, workload="http")),
            "http+http:8404",
        ),  # statistics
        ((4321,), (Spoken(port=4321, workload="http"),), "http"),
        ((), (Spoken(port=4321, workload="tcp"),), "tcp"),
        ((), (Spoken(port=22, workload="tcp"), Spoken(port=8080, workload="http")), "http+tcp:22"),
        (
            (8080,),
            (Spoken(port=80, workload="http"), Spoken(port=8080, workload="http")),
            "http:8080+http:80",
        ),
        (
            (9100, 8080),
            (Spoken(port=8080, workload="http"), Spoken(port=9100, workload="http")),
            "http+http:9100",
        ),
        (
            (80,),
            (Spoken(port=80, workload="http"), Spoken(port=443, workload="http", tls=True)),
            "http",
        ),  # it drives both
        ((443,), (Spoken(port=443, workload="http", tls=True),), "http"),
        (
            (),
            (
                Spoken(port=5672, workload="amqp"),
                Spoken(port=15672, workload="http"),
                Spoken(port=4369, workload="tcp"),
            ),
            "amqp+tcp:4369",
        ),
        (
            (2181,),
            (Spoken(port=2181, workload="zookeeper"), Spoken(port=8080, workload="http")),
            "zookeeper",
        ),  # admin page
        (
            (),
            tuple(Spoken(port=n, workload="http") for n in range(1, 12)),
            "http+" + "+".join(f"http:{n}" for n in range(2, 9)),
        ),
        ((), (Spoken(port=80, workload="of another package"),), "none"),
    ],
)
def test_each_socket_gets_the_workload_that_it_asks_for(
    exposed: tuple[int, ...], sockets: tuple[Spoken, ...], expected: str
) -> None:
    assert suited(exposed, sockets, None) == expected


def test_the_habits_of_expected_workloads_need_no_question() -> None:
    heard = (Listener(6379), Listener(80), Listener(4321), LOCAL)
    assert certain((), heard, None, {"redis"}) == (Spoken(port=6379, workload="redis"),)
    assert certain((), heard, None, ()) == ()
    assert certain((), (Listener(443),), None, {"http"}) == (
        Spoken(port=443, workload="http", tls=True),
    )
    # A registry's port is no habit that stands for it, but a registry that runs explains it.
    assert certain((), (Listener(5000),), None, {"registry"}) == (
        Spoken(port=5000, workload="registry"),
    )


def test_what_no_client_reaches_is_not_asked() -> None:
    heard = (LOCAL, Listener(6379), Listener(5353, "udp"), Listener(9000))
    known = (Spoken(port=6379, workload="redis"),)
    assert unknown((), heard, None, known) == (Listener(9000), Listener(5353, "udp"))
    assert Listener(80) in unknown((), heard, "127.0.0.1", known)
    # What is driven beside a known one.
    mail = (Listener(5672), Listener(15672), Listener(25672))
    assert unknown((), mail, None, (Spoken(port=5672, workload="amqp"),)) == (Listener(25672),)


def test_silence_leaves_the_ports_number() -> None:
    asked = (Listener(80), Listener(443), Listener(4321), Listener(53, "udp"))
    answered = (Spoken(port=443, workload="tls", tls=True, asked=True),)
    assert list(by_habit(asked, answered)) == [Spoken(port=80, workload="http")]
