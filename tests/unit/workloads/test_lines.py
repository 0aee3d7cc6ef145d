"""Lines and replies are bounded in length and in time, whoever sends them."""

from __future__ import annotations

import re
import socket

import pytest

from beacon.workloads.checks import AnswerError, Deadline
from beacon.workloads.lines import Lines, LineServer, Reply
from beacon.workloads.net import Peer
from unit.workloads.servers import listening


def _saying(content: bytes):  # noqa: ANN202
    def behave(connection: socket.socket) -> None:
        connection.sendall(content)
        connection.recv(1 << 16)

    return behave


def _open(port: int, seconds: float = 2.0) -> Lines:
    return LineServer(Peer("127.0.0.1", port, Deadline(seconds))).lines()


def test_lines_come_without_their_ends() -> None:
    with listening(_saying(b"one\r\ntwo\n\r\n")) as port, _open(port) as lines:
        assert [lines.line(), lines.line(), lines.line()] == [b"one", b"two", b""]


@pytest.mark.parametrize(
    ("content", "reply"),
    [
        (b"220 ready\r\n", Reply(220, ("ready",))),
        (b"220-a\r\n220-b\r\n220 c\r\n", Reply(220, ("a", "b", "c"))),
        (b"211-a\r\n 220 inner\r\n211 end\r\n", Reply(211, ("a", " 220 inner", "end"))),
        (b"250\r\n", Reply(250, ("",))),
    ],
)
def test_replies_have_a_code_and_lines(content: bytes, reply: Reply) -> None:
    with listening(_saying(content)) as port, _open(port) as lines:
        assert lines.reply() == reply


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"HTTP/1.1 400 Bad\r\n", "without a code"),
        (b"220-x\r\n" * 2000, "more than 1000 lines"),
        (b"x" * (200 << 10), "longer than 64 KiB"),
    ],
)
def test_what_is_no_reply_is_given_up(content: bytes, why: str) -> None:
    with (
        listening(_saying(content)) as port,
        _open(port) as lines,
        pytest.raises(AnswerError, match=why),
    ):
        lines.reply()


def test_lines_that_never_match_are_given_up() -> None:
    with (
        listening(_saying(b"no\r\n" * 2000)) as port,
        _open(port) as lines,
        pytest.raises(AnswerError, match="more than 1000"),
    ):
        lines.until(re.compile(rb"yes"))


def test_silence_and_an_end_are_errors() -> None:
    with (
        listening(lambda _: None) as port,
        _open(port) as lines,
        pytest.raises((AnswerError, OSError)),
    ):
        lines.line()
    with (
        listening(_saying(b"")) as port,
        _open(port, 0.3) as lines,
        pytest.raises((AnswerError, OSError)),
    ):
        lines.line()


def test_accounts_are_the_containers_variables() -> None:
    peer = Peer("127.0.0.1", 1, Deadline(1))
    assert LineServer(peer, {"X_USER": "me", "X_PASSWORD": "p"}).account("X") == ("me", "p")
    assert LineServer(peer, {"X_PASSWORD": "p"}).account("X") is None
