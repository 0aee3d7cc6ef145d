"""WebSocket by hand (RFC 6455): sends back what it is told."""

from __future__ import annotations

import socket
import struct
from base64 import b64encode
from contextlib import suppress
from hashlib import sha1

from web import Answer, FailureError, Request

GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
LIMIT = 1 << 20
CONTINUED, CLOSE, PING, PONG = 0, 8, 9, 10


class Ended(Exception):  # noqa: N818 (it is no error)
    """The client has gone."""


def _exactly(peer: socket.socket, size: int) -> bytes:
    content = bytearray()
    while len(content) < size:
        piece = peer.recv(size - len(content))
        if not piece:
            raise Ended
        content += piece
    return bytes(content)


def _receive(peer: socket.socket) -> tuple[bool, int, bytes]:
    first, second = _exactly(peer, 2)
    length = second & 0x7F
    if length > 125:
        form = "!H" if length == 126 else "!Q"
        (length,) = struct.unpack(form, _exactly(peer, struct.calcsize(form)))
    if not second & 0x80 or length > LIMIT:
        raise Ended
    mask = _exactly(peer, 4)
    masked = _exactly(peer, length)
    key = int.from_bytes((mask * (length // 4 + 1))[:length], "big")
    payload = (int.from_bytes(masked, "big") ^ key).to_bytes(length, "big")
    return bool(first & 0x80), first & 0x0F, payload


def _send(peer: socket.socket, opcode: int, payload: bytes) -> None:
    length = len(payload)
    if length < 126:
        head = struct.pack("!BB", 0x80 | opcode, length)
    elif length < 1 << 16:
        head = struct.pack("!BBH", 0x80 | opcode, 126, length)
    else:
        head = struct.pack("!BBQ", 0x80 | opcode, 127, length)
    peer.sendall(head + payload)


def _converse(peer: socket.socket) -> None:
    kind, message = CONTINUED, b""
    while True:
        final, opcode, payload = _receive(peer)
        if opcode == CLOSE:
            return _send(peer, CLOSE, payload)
        if opcode == PING:
            _send(peer, PONG, payload)
        elif opcode != PONG:
            kind = kind if opcode == CONTINUED else opcode
            message += payload
            if final:
                _send(peer, kind, message)
                message = b""


def _taken(request: Request) -> socket.socket:
    if "demo.hijack" in request.environ:
        return request.environ["demo.hijack"]()  # type: ignore[no-any-return]
    if "gunicorn.socket" in request.environ:
        return request.environ["gunicorn.socket"]  # type: ignore[no-any-return]
    raise FailureError(501, "this server does not hand out its sockets")


def upgrade(request: Request) -> Answer:
    """Turn the connection into a WebSocket and serve it to its end."""
    key = request.header("Sec-WebSocket-Key")
    if not key or (request.header("Upgrade") or "").lower() != "websocket":
        raise FailureError(400, "this is a WebSocket")
    accepted = b64encode(sha1(f"{key}{GUID}".encode(), usedforsecurity=False).digest()).decode()
    peer = _taken(request)
    head = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    with suppress(Ended, OSError):
        peer.sendall(f"{head}Sec-WebSocket-Accept: {accepted}\r\n\r\n".encode())
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        _converse(peer)
    with suppress(OSError):
        peer.shutdown(socket.SHUT_RDWR)  # what a WSGI server still wants to answer goes nowhere
    return Answer(200, {"Content-Length": "0", "Connection": "close"})


ROUTES = {"/api/ws": {"GET": upgrade}}
