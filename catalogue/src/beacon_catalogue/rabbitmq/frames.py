"""AMQP frames by plain sockets: what no well-behaved client library would send."""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from pika import frame, spec

from beacon.workloads.checks import AnswerError
from beacon_catalogue.rabbitmq.broker import Broker

#: What a broker answers to a client that speaks something else.
GREETING = b"AMQP\x00\x00\x09\x01"
HEARTBEAT = b"\x08\x00\x00\x00\x00\x00\x00\xce"

#: The ids of methods, as they stand in frames.
CLOSE, TUNE, OPEN_OK = b"\x00\x0a\x00\x32", b"\x00\x0a\x00\x1e", b"\x00\x0a\x00\x29"

_LIMIT = 1 << 20
_SILENCE = 3.0
#: Less than any broker would propose: it refuses those who want more.
_CHANNEL_MAX, _FRAME_MAX = 10, 4096


def method(channel: int, content: Any) -> bytes:
    """A method as a frame."""
    return bytes(frame.Method(channel, content).marshal())


def opening(broker: Broker, heartbeat: int = 0) -> bytes:
    """All that a client says until its connection is open, in one breath."""
    secret = f"\0{broker.user}\0{broker.password}"
    return b"".join(
        (
            GREETING,
            login("PLAIN", secret),
            method(0, spec.Connection.TuneOk(_CHANNEL_MAX, _FRAME_MAX, heartbeat)),
            method(0, spec.Connection.Open(broker.vhost)),
        )
    )


def login(mechanism: str, secret: str) -> bytes:
    """The frame that chooses a mechanism and answers it."""
    able = {"capabilities": {"authentication_failure_close": True}}
    return method(0, spec.Connection.StartOk(able, mechanism, secret, "en_US"))


def methods(content: bytes) -> list[Any]:
    """The methods in what a broker sent; pika's and struct's errors if they are broken."""
    found: list[Any] = []
    rest = content
    while rest:
        used, decoded = frame.decode_frame(rest)
        if not used:
            return found
        if isinstance(decoded, frame.Method):
            found.append(decoded.method)
        rest = rest[used:]
    return found


def named(content: bytes, name: str) -> Any:
    """The first method of this name; AnswerError if the broker did not send it."""
    found = methods(content)
    for answer in found:
        if name == answer.NAME:
            return answer
    names = ", ".join(answer.NAME for answer in found) or "nothing"
    raise AnswerError(f"the broker did not send {name} but {names}")


def converse(broker: Broker, pieces: Sequence[bytes], mark: bytes, pause: float = 0.0) -> bytes:
    """Send `pieces`, `pause` seconds apart; what comes back until `mark` or the end."""
    with broker.peer.connect() as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with suppress(OSError):  # a broker may refuse what it has read so far and close
            for piece in pieces:
                connection.sendall(piece)
                time.sleep(pause)
        return read_until(connection, mark, broker)


def read_until(connection: socket.socket, mark: bytes, broker: Broker) -> bytes:
    """Read until `mark` has come, the broker closes, or nothing comes any more."""
    content = b""
    while mark not in content and len(content) < _LIMIT:
        broker.peer.deadline.check()
        connection.settimeout(min(_SILENCE, broker.peer.deadline.wait()))
        try:
            chunk = connection.recv(1 << 16)
        except OSError:
            return content
        if not chunk:
            return content
        content += chunk
    return content


def break_off(connection: socket.socket) -> None:
    """Have the connection end with a reset when it is closed, as that of a crashed client does."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
