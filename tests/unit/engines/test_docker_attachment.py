"""Attachments to an engine that is the other end of a pair of sockets."""

from __future__ import annotations

import hashlib
import socket
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from beacon.engines import docker_attachment
from beacon.engines.docker_attachment import Attachment, Streams
from beacon.engines.streams import ERROR, OUTPUT


class _Api:
    def __init__(self, end: socket.socket) -> None:
        self._end = end
        self.asked: dict[str, Any] = {}

    def attach_socket(self, container: str, params: dict[str, Any]) -> socket.socket:
        self.asked = params
        return self._end


@contextmanager
def attached(streams: Streams) -> Iterator[tuple[Attachment, socket.socket]]:
    ours, engines = socket.socketpair()
    engines.settimeout(10)
    with engines:
        attachment = Attachment(_Api(ours), "c1", streams)
        yield attachment, engines
        attachment.close()


def frame(number: int, content: bytes) -> bytes:
    return struct.pack(">BxxxL", number, len(content)) + content


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def received(engine: socket.socket) -> bytes:
    return b"".join(iter(lambda: engine.recv(1 << 16), b""))


def test_streams_are_told_apart() -> None:
    with attached(Streams()) as (attachment, engine):
        engine.sendall(frame(1, b"one ") + frame(2, b"oh") + frame(1, b"") + frame(1, b"two"))
        engine.close()
        assert attachment.digests() == {OUTPUT: sha256(b"one two"), ERROR: sha256(b"oh")}
        assert attachment.tail() == b"one ohtwo"


def test_a_terminal_has_one_stream() -> None:
    with attached(Streams(terminal=True)) as (attachment, engine):
        engine.sendall(b"\x01\0\0\0 as it is")
        engine.close()
        assert attachment.digests() == {OUTPUT: sha256(b"\x01\0\0\0 as it is")}


@pytest.mark.parametrize("broken", [frame(1, b"one")[:-1], frame(3, b"x"), b"\x01\0"])
def test_what_is_cut_off_has_no_digest(broken: bytes) -> None:
    with attached(Streams()) as (attachment, engine):
        engine.sendall(broken)
        engine.close()
        assert attachment.digests() == {OUTPUT: None, ERROR: None}


def test_too_much_is_read_but_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(docker_attachment, "_MOST", 1 << 20)
    with attached(Streams()) as (attachment, engine):
        for _ in range(17):
            engine.sendall(frame(1, bytes(1 << 16)))
        engine.sendall(frame(2, b"end"))
        engine.close()
        assert attachment.digests() == {OUTPUT: None, ERROR: sha256(b"end")}
        assert len(attachment.tail()) == 64 << 10


def test_input_and_its_end_are_sent() -> None:
    with attached(Streams(lambda: iter([b"one", b"two"]))) as (_, engine):
        assert received(engine) == b"onetwo"


@pytest.mark.parametrize(
    ("pieces", "sent"),
    [
        ([b"a\nb", b"\n"], b"a\nb\n\x04"),
        ([b"a\nb"], b"a\nb\x04\x04"),  # the first only sends the line
        ([], b"\x04"),
    ],
)
def test_a_terminal_s_input_ends_by_a_key(pieces: list[bytes], sent: bytes) -> None:
    with attached(Streams(lambda: iter(pieces), terminal=True)) as (attachment, engine):
        found = b""
        while len(found) < len(sent):
            found += engine.recv(100)
        engine.close()
        assert found == sent
        # The echo comes at another moment each time.
        assert attachment.digests() == {OUTPUT: None}


def test_nobody_waits_for_a_container_that_reads_nothing() -> None:
    def endless() -> Iterator[bytes]:
        while True:
            yield bytes(1 << 20)

    with attached(Streams(endless)) as (attachment, engine):
        engine.sendall(frame(1, b"done"))
        engine.close()
        assert attachment.digests()[OUTPUT] == sha256(b"done")


def test_closing_ends_the_wait() -> None:
    with attached(Streams()) as (attachment, _):
        began = time.monotonic()
        attachment.close()
        assert set(attachment.digests()) == {OUTPUT, ERROR}
        assert time.monotonic() - began < 4
