"""Redis by hand, against what only pretends to speak its protocol."""

from __future__ import annotations

import socket
from collections.abc import Callable

import pytest

from beacon.workloads.checks import AnswerError, Deadline
from beacon.workloads.net import Peer, TlsPeer
from beacon_catalogue.redis.raw import Raw, raw
from beacon_catalogue.redis.server import Server
from beacon_catalogue.redis.transport import detect_transport
from unit.workloads.servers import listening, nobody

_MARK = b"m" * 40


def _saying(content: bytes) -> Callable[[socket.socket], None]:
    def behave(connection: socket.socket) -> None:
        connection.recv(1 << 16)
        connection.sendall(content)

    return behave


def _peer(port: int, seconds: float = 1.0) -> Peer:
    return Peer("127.0.0.1", port, Deadline(seconds))


def _heard(content: bytes, hear: Callable[[Raw], object]) -> object:
    with listening(_saying(content)) as port, raw(Server(_peer(port))) as one:
        one.say("PING")
        return hear(one)


@pytest.mark.parametrize(
    "content",
    [
        b"$5\r\nREDIS",
        b"\n\n\n$5\r\nREDIS+more",
        b"$EOF:" + _MARK + b"\r\nREDIS" + _MARK + b"+more",
    ],
)
def test_a_snapshot_is_taken_whole(content: bytes) -> None:
    assert _heard(content, Raw.snapshot) == b"REDIS"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"+OK\r\n",
        b"$-1\r\n",
        b"$99999999999999\r\n",
        b"$10\r\nREDIS",
        b"$EOF:short\r\n",
        b"$EOF:" + _MARK + b"\r\nREDIS",
        b"x" * 5000,
    ],
)
def test_what_is_no_snapshot_is_told(content: bytes) -> None:
    with pytest.raises(AnswerError):
        _heard(content, Raw.snapshot)


def test_an_answer_must_begin_as_expected() -> None:
    assert _heard(b"+PONG\r\n", lambda one: one.must("+PONG", "PING")) is None
    with pytest.raises(AnswerError, match="PING: -ERR"):
        _heard(b"-ERR no\r\n", lambda one: one.must("+PONG", "PING"))


def test_following_ends_with_the_time() -> None:
    def silent(connection: socket.socket) -> None:
        while connection.recv(1 << 16):
            pass

    with (
        listening(silent) as port,
        raw(Server(_peer(port, 0.3))) as one,
        pytest.raises(AnswerError, match="time was over"),
    ):
        one.follow(b"never", "PING")


@pytest.mark.parametrize("content", [b"+PONG\r\n", b"-NOAUTH\r\n", b"", b"\x15\x03\x01"])
def test_what_speaks_no_tls_is_asked_in_the_clear(content: bytes) -> None:
    with listening(_saying(content)) as port:
        assert not isinstance(detect_transport(_peer(port)), TlsPeer)


def test_nobody_is_asked_in_the_clear() -> None:
    assert not isinstance(detect_transport(_peer(nobody())), TlsPeer)
