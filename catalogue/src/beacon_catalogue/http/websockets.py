"""Opens the WebSocket endpoints that a site's pages and scripts name."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import socket
from collections.abc import Iterator
from contextlib import suppress
from http.client import HTTPException, HTTPResponse

from beacon.workloads.checks import AnswerError, Deadline
from beacon.workloads.net import HOST, TlsPeer
from beacon.workloads.suite import Suite
from beacon_catalogue.http.pages import Tour, told, toured
from beacon_catalogue.http.site import Site
from beacon_catalogue.http.visit import PATIENCE, place, template

SUITE = Suite[Site]()

_MOST = 12
#: Characters of one script that are searched.
_SEARCHED = 512 << 10
#: RFC 6455, section 1.3.
_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_FINAL, _MASKED = 0x80, 0x80
_TEXT, _CLOSE = 1, 8
_NORMAL = (1000).to_bytes(2, "big")
_FRAMES = 100
_FRAME_LIMIT = 1 << 20

_LITERAL = re.compile(r"""["'`](wss?://[^"'`\s]{1,500})["'`]""")
_OPENED = re.compile(r"""\bnew\s+WebSocket\(\s*(["'`])([^"'`\s]{1,500})\1""")
#: `${location.host}` and the like in a template: the page's own server.
_OWN_HOST = re.compile(r"^(?:\$\{[^}]{1,80}\}|wss?:)//\$\{[^}]{0,80}\bhost\b[^}]{0,20}\}(?=/|$)")
#: '…//' + location.host + '/path'.
_JOINED = re.compile(r"""\blocation\.host\s*\+\s*["'`](/[^"'`\s]{0,500})["'`]""")
_TEMPLATE = re.compile(r"`([^`\s]{1,500})`")


def named(site: Site, found: Tour) -> tuple[str, ...]:
    """The paths of this server's endpoints, in alphabetical order."""
    paths = set()
    for page, script in found.scripts:
        for reference in _references(script[:_SEARCHED]):
            # What urljoin makes of a page holds for http only.
            path = place(site.peer, page, re.sub("^ws", "http", reference))
            if path is not None and "$" not in path:
                paths.add(path)
    return tuple(sorted(paths)[:_MOST])


def _references(script: str) -> Iterator[str]:
    for match in _LITERAL.finditer(script):
        yield match[1]
    for match in _OPENED.finditer(script):
        yield match[2]
    for match in _JOINED.finditer(script):
        yield match[1]
    for match in _TEMPLATE.finditer(script):
        own = _OWN_HOST.match(match[1])
        if own:
            yield match[1][own.end() :] or "/"


@SUITE.check("WebSocket endpoints")
def _endpoints(site: Site) -> str:
    """Each is opened, gets a message, and is closed as RFC 6455 wants it."""
    paths = named(site, toured(site))
    return told({template(path): {_converse(site, path)} for path in paths})


def _converse(site: Site, path: str) -> str:
    key = base64.b64encode(os.urandom(16)).decode()
    own = Deadline(site.deadline.left(PATIENCE), site.deadline.stop)
    with site.peer.connect() as connection:
        connection.settimeout(own.wait(PATIENCE))
        connection.sendall(_request(site, path, key))
        response = HTTPResponse(connection)
        try:
            response.begin()
        except (HTTPException, OSError) as error:
            raise AnswerError(f"WebSocket at {path}: {type(error).__name__}: {error}") from error
        if response.status != 101:
            return f"{response.status // 100}xx"
        proof = hashlib.sha1((key + _GUID).encode(), usedforsecurity=False).digest()
        if response.getheader("Sec-WebSocket-Accept") != base64.b64encode(proof).decode():
            raise AnswerError("a WebSocket is opened without the proof that it was asked for")
        return _opened(connection, response, own)


def _request(site: Site, path: str, key: str) -> bytes:
    scheme = "https" if isinstance(site.peer, TlsPeer) else "http"
    lines = (
        f"GET {path} HTTP/1.1",
        f"Host: {HOST}",
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        f"Sec-WebSocket-Key: {key}",
        f"Origin: {scheme}://{HOST}",
    )
    return "\r\n".join((*lines, "", "")).encode("ascii")


def _opened(connection: socket.socket, response: HTTPResponse, own: Deadline) -> str:
    """Send a message and say goodbye; AnswerError unless the server ends the connection."""
    with suppress(OSError):  # it may have closed already
        connection.sendall(frame(_TEXT, b'{"beacon": 1}') + frame(_CLOSE, _NORMAL))
    for _ in range(_FRAMES):
        connection.settimeout(own.wait(PATIENCE))
        try:
            kind = _next(response)
        except TimeoutError as error:
            raise AnswerError("a WebSocket does not answer that it is closed") from error
        except OSError:
            kind = None
        if kind == _CLOSE or kind is None:
            return "opened, closed"
        own.check()
    return "opened, talks on"


def frame(kind: int, content: bytes) -> bytes:
    """A whole short message, masked as a client must."""
    mask = os.urandom(4)
    masked = bytes(byte ^ mask[number % 4] for number, byte in enumerate(content))
    return bytes((_FINAL | kind, _MASKED | len(content))) + mask + masked


def _next(response: HTTPResponse) -> int | None:
    """The kind of the next frame, whose content is dropped; None at the connection's end."""
    head = response.fp.read(2)
    if len(head) < 2:
        return None
    size = head[1] & 0x7F
    if size > 125:
        size = int.from_bytes(response.fp.read(2 if size == 126 else 8), "big")
    if size > _FRAME_LIMIT:
        raise AnswerError("a WebSocket's message is longer than 1 MiB")
    response.fp.read(size)
    return head[0] & 0x0F
