"""A server that is not a name server passes nothing; tests/catalogue drives real ones."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import dns.message
import pytest

from beacon.workloads.checks import AnswerError
from beacon.workloads.interface import Endpoint
from beacon_catalogue.dns import SERVICE
from beacon_catalogue.dns.server import content, understood, version_query
from beacon_catalogue.dns.workload import WORKLOAD
from unit.workloads.servers import CONTAINER, listening, nobody

Answer = Callable[[bytes], bytes | None]


def _silent(_: bytes) -> None:
    return None


def _echoing(query: bytes) -> bytes:
    return query


def _nonsense(_: bytes) -> bytes:
    return b"\x1b[2J HTTP/1.1 400"


def _looping(query: bytes) -> bytes:
    """An answer with our number whose name points at itself."""
    return query[:2] + b"\x80\x00\x00\x01\x00\x01\x00\x00\x00\x00\xc0\x0c\x00\x10\x00\x03"


@contextmanager
def _serving(answer: Answer) -> Iterator[int]:
    """The same over UDP and TCP at one port."""

    def framed(connection: socket.socket) -> None:
        while piece := connection.recv(1 << 16):
            said = answer(piece[2:])
            if said is not None:
                connection.sendall(len(said).to_bytes(2, "big") + said)

    with listening(framed) as port, socket.socket(type=socket.SOCK_DGRAM) as datagrams:
        datagrams.bind(("127.0.0.1", port))
        datagrams.settimeout(0.05)
        done = threading.Event()
        thread = threading.Thread(target=_answer, args=(datagrams, answer, done))
        thread.start()
        try:
            yield port
        finally:
            done.set()
            thread.join()


def _answer(datagrams: socket.socket, answer: Answer, done: threading.Event) -> None:
    while not done.is_set():
        try:
            query, client = datagrams.recvfrom(1 << 16)
        except TimeoutError:
            continue
        except OSError:
            continue
        said = answer(query)
        if said is not None:
            datagrams.sendto(said, client)


def _endpoint(port: int) -> Endpoint:
    return Endpoint(
        container=CONTAINER, address="127.0.0.1", ports=(port,), env={}, udp_ports=(port,)
    )


@pytest.mark.parametrize("answer", [_silent, _echoing, _nonsense, _looping])
def test_what_is_no_server_fails_in_time(answer: Answer) -> None:
    started = time.monotonic()
    with _serving(answer) as port:
        checks = WORKLOAD.drive(_endpoint(port), 0.7)
    assert time.monotonic() - started < 4
    assert tuple(check.name for check in checks) == WORKLOAD.suite.names
    assert not any(check.passed for check in checks)
    assert all((check.detail or "").isprintable() for check in checks)


def test_no_network_and_nobody_listening_give_the_same_names() -> None:
    apart = WORKLOAD.drive(Endpoint(container=CONTAINER, address=None, ports=()), 5)
    alone = WORKLOAD.drive(_endpoint(nobody()), 5)
    assert [check.name for check in apart] == [check.name for check in alone]
    assert not any(check.passed for check in (*apart, *alone))


def test_only_an_answer_to_our_question_is_understood() -> None:
    query = version_query()
    other = dns.message.make_response(version_query())
    other.id = query.id ^ 1
    with pytest.raises(AnswerError, match="does not answer"):
        understood(query, other.to_wire())
    assert content(understood(query, dns.message.make_response(query).to_wire())) == "NOERROR"


def test_probes_are_answered_by_name_servers_alone() -> None:
    udp, tcp = SERVICE.probes
    answer = dns.message.make_response(dns.message.from_wire(udp.send)).to_wire()
    assert udp.answer.match(answer)
    assert tcp.answer.match(len(answer).to_bytes(2, "big") + answer)
    assert not udp.answer.match(udp.send)
    assert not tcp.answer.match(tcp.send)
    assert not tcp.answer.match(b"HTTP/1.1 400 Bad Request\r\n\r\n")
