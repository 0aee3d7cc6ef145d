"""WebSocket: messages of every kind, many clients, and broken frames."""

from __future__ import annotations

import logging
from contextlib import suppress
from socket import SHUT_RDWR

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from beacon.workloads.answers import expect
from beacon.workloads.checks import AnswerError, at_once, digest
from beacon.workloads.net import exchange
from beacon.workloads.suite import Suite
from beacon_examples.app.application import HOST, Application

SUITE = Suite[Application]()

_BINARY = bytes(range(256)) * 1024
_MESSAGE_LIMIT = 1 << 20
_CLIENTS = 10
#: A well-known key, and what RFC 6455 says is the answer to it.
_KEY, _ACCEPTED = "dGhlIHNhbXBsZSBub25jZQ==", b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

#: What a broken server makes the library say is no news for our user's terminal.
_QUIET = logging.Logger("beacon.websockets")
_QUIET.addHandler(logging.NullHandler())


def _connected(app: Application) -> ClientConnection:
    wait = app.peer.deadline.wait()
    return connect(
        f"ws://{app.peer.host}:{app.peer.port}/api/ws",
        compression=None,
        proxy=None,
        open_timeout=wait,
        close_timeout=min(wait, 1.0),
        ping_interval=None,
        max_size=_MESSAGE_LIMIT,
        logger=_QUIET,
    )


def _said(app: Application, connection: ClientConnection, message: object) -> object:
    connection.send(message)  # type: ignore[arg-type]
    return connection.recv(timeout=app.peer.deadline.wait())


@SUITE.check("WebSocket messages")
def _messages(app: Application) -> str:
    with _connected(app) as connection:
        for text in ("", "hello", "grüße, 世界", "x" * 200, "y" * 70_000):
            expect(_said(app, connection, text), text, f"a text of {len(text)}")
        whole = _said(app, connection, _BINARY)
        expect(whole, _BINARY, "a binary message")
        expect(_said(app, connection, ["one, ", "two, ", "three"]), "one, two, three", "fragments")
    return digest(_BINARY)


@SUITE.check("WebSocket ping and close")
def _ping(app: Application) -> str:
    with _connected(app) as connection:
        if not connection.ping(b"beacon").wait(app.peer.deadline.wait()):
            raise AnswerError("a ping is not answered")
        connection.close(1000, "enough")
        expect(connection.close_code, 1000, "the code of closing")
    return "1000"


@SUITE.check("WebSocket crowd")
def _crowd(app: Application) -> str:
    def one(number: int) -> None:
        with _connected(app) as connection:
            for turn in range(3):
                text = f"client {number}, turn {turn}"
                expect(_said(app, connection, text), text, "a message")

    at_once(one, _CLIENTS, _CLIENTS)
    return f"{_CLIENTS} clients"


def _upgrade(*headers: str) -> bytes:
    first = ("GET /api/ws HTTP/1.1", f"Host: {HOST}", "Connection: Upgrade", "Upgrade: websocket")
    return "\r\n".join((*first, *headers, "", "")).encode("ascii")


_HANDSHAKE = _upgrade("Sec-WebSocket-Version: 13", f"Sec-WebSocket-Key: {_KEY}")


@SUITE.check("WebSocket broken")
def _broken(app: Application) -> str:
    """A handshake without a key is refused; a frame without a mask ends the connection."""
    reply = exchange(app.peer, [_upgrade("Sec-WebSocket-Version: 13")]).content
    expect(reply[:12], b"HTTP/1.1 400", "the answer to a handshake without a key")
    reply_to_frame = exchange(app.peer, [_HANDSHAKE, b"\x81\x05hello"], pause=0.1)
    if _ACCEPTED not in reply_to_frame.content:
        raise AnswerError("the handshake is not answered as RFC 6455 says")
    if not reply_to_frame.closed or b"hello" in reply_to_frame.content:
        raise AnswerError("a frame without a mask is taken for good")
    with _connected(app) as connection:
        expect(_said(app, connection, "still there?"), "still there?", "a message afterwards")
    return "refused"


@SUITE.check("WebSocket abandoned")
def _abandoned(app: Application) -> str:
    with suppress(ConnectionClosed, OSError), _connected(app) as connection:
        connection.send("hello")
        connection.socket.shutdown(SHUT_RDWR)
    with _connected(app) as other:
        expect(_said(app, other, "and you?"), "and you?", "a message of another client")
    return "still serving"
