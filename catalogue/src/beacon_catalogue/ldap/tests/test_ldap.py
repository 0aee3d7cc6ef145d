"""What needs no directory; its content is checked against a real one in tests/catalogue."""

from __future__ import annotations

import socket
import time

import pytest

from beacon.workloads.checks import Deadline
from beacon.workloads.interface import Endpoint
from beacon.workloads.net import Peer
from beacon_catalogue.ldap import ROOT_DSE, SERVICE
from beacon_catalogue.ldap.directory import Directory
from beacon_catalogue.ldap.workload import WORKLOAD
from unit.workloads.servers import CONTAINER, endpoint, listening, nobody

_NAMES = 25
_NAMED = {"BEACON_LDAP_DN": "cn=me", "BEACON_LDAP_PASSWORD": "secret"}
_DONE = b"\x30\x0c\x02\x01\x01\x65\x07\x0a\x01\x00\x04\x00\x04\x00"


def _silent(connection: socket.socket) -> None:
    while connection.recv(1 << 16):
        pass


def _nonsense(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 400 \x1b[2J Bad Request\r\n\r\n")


def _empty(connection: socket.socket) -> None:
    """Ends every search without an entry."""
    while connection.recv(1 << 16):
        connection.sendall(_DONE)


def _huge(connection: socket.socket) -> None:
    connection.recv(1 << 16)
    connection.sendall(b"\x30\x84\x7f\xff\xff\xff\x02\x01\x01\x64")
    while True:
        connection.sendall(b"x" * 1000)


def _endless(connection: socket.socket) -> None:
    """One entry after the other, without end."""
    while connection.recv(1 << 16):
        while True:
            connection.sendall(b"\x30\x09\x02\x01\x01\x64\x04\x04\x00\x30\x00" * 100)


@pytest.mark.parametrize("env", [{}, _NAMED])
@pytest.mark.parametrize("behaviour", [_silent, _nonsense, _empty, _huge, _endless])
def test_what_is_no_directory_fails_in_time(behaviour, env: dict[str, str]) -> None:  # noqa: ANN001
    started = time.monotonic()
    with listening(behaviour) as port:
        checks = WORKLOAD.drive(
            Endpoint(container=CONTAINER, address="127.0.0.1", ports=(port,), env=env), 1
        )
    assert time.monotonic() - started < 6
    assert len({check.name for check in checks}) == len(checks) == _NAMES
    passed = {check.name for check in checks if check.passed and check.value != "no account"}
    assert passed <= {"TLS", "slow client"}  # a port that is shut is no fault; an end is an answer
    assert all((check.detail or "").isprintable() for check in checks)


def test_no_network_and_nobody_listening_give_the_same_names() -> None:
    apart = WORKLOAD.drive(Endpoint(container=CONTAINER, address=None, ports=()), 5)
    alone = WORKLOAD.drive(endpoint(nobody()), 5)
    assert [check.name for check in apart] == [check.name for check in alone]
    passed = {check.value for check in (*apart, *alone) if check.passed}
    assert passed == {"no account", "not offered"}


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (_DONE, True),
        (b"\x30\x84\x00\x00\x00\x0c\x02\x01\x01\x64", True),
        (b"\x30\x0c\x02\x01\x02\x65", False),
        (b"\x30\x0c\x02\x01\x01\x61", False),
        (b"HTTP/1.1 400", False),
        (b"", False),
    ],
)
def test_a_search_is_answered_by_an_entry_or_its_end(answer: bytes, expected: bool) -> None:
    (probe,) = SERVICE.probes
    assert probe.send == ROOT_DSE
    assert len(ROOT_DSE) == 2 + ROOT_DSE[1]
    assert bool(probe.answer.match(answer)) is expected


@pytest.mark.parametrize(
    ("env", "expected"),
    [
        ({}, "dc=b"),
        ({"BEACON_LDAP_DN": "CN=me,DC=c"}, "dc=c"),
        ({"BEACON_LDAP_DN": "cn=me,dc=c", "BEACON_LDAP_BASE": "ou=x,dc=b"}, "ou=x,dc=b"),
    ],
)
def test_ours_is_below_what_is_named_or_above_the_account(
    env: dict[str, str], expected: str
) -> None:
    directory = Directory(Peer("127.0.0.1", 1, Deadline(1)), env)
    directory.__dict__["root"] = {"namingcontexts": [b"dc=b", b"dc=c"]}
    assert directory.base == expected
    assert directory.ours == f"ou=beacon-check,{expected}"
