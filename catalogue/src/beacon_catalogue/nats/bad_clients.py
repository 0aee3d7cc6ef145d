"""Who is not let in, clients that misbehave, and the pages for monitoring."""

from __future__ import annotations

import socket
from typing import Any

import httpx

from beacon.workloads.answers import expect
from beacon.workloads.checks import AnswerError
from beacon.workloads.net import exchange, reset
from beacon.workloads.suite import Suite
from beacon_catalogue.nats.line import Line
from beacon_catalogue.nats.server import Server, subject

SUITE = Suite[Server]()

_MONITORING = 8222
_PAGES = {"/varz": "server_id", "/connz": "connections", "/subsz": "num_subscriptions"}
_HELLO = b'CONNECT {"verbose":false}\r\n'
_MOST_PAGE = 1 << 20


@SUITE.check("wrong password")
def _wrong_password(server: Server) -> str:
    """A server that asks for no password lets everybody in."""
    wrong = {"user": "beacon-check", "pass": "a wrong password", "auth_token": "a wrong token"}
    with Line(server.peer) as line:
        asks = bool(line.info.get("auth_required"))
        answer = line.connect(**wrong)
    server.serves()
    if not asks:
        expect(answer, b"PONG", "the answer to CONNECT")
        return "open to everybody"
    expect(answer.startswith(b"-ERR 'Authorization Violation'"), True, "a refusal")
    return "refused"


@SUITE.check("malformed words")
def _malformed(server: Server) -> str:
    broken = {
        "an unknown word": b"BEACON\r\n",
        "another protocol": b"GET / HTTP/1.1\r\n\r\n",
        "a greeting that is no JSON": b"CONNECT {beacon\r\n",
        "a message without a length": b"PUB a b c d e\r\n",
        "a message of the wrong length": b"PUB a 3\r\nlonger than that\r\n",
        "a long line": b"SUB " + b"x" * (64 << 10) + b" 1\r\n",
    }
    for what, piece in broken.items():
        with Line(server.peer) as line:
            if what not in ("another protocol", "a greeting that is no JSON"):
                line.connect(**server.account)
            try:
                line.send(piece)
            except OSError:  # it has closed already
                continue
            expect(line.ended(), True, f"the end of the connection after {what}")
    server.serves()
    return f"{len(broken)} shown out"


@SUITE.check("slow client")
def _slow(server: Server) -> str:
    content = b"SUB %s 1\r\nPUB %s 4\r\nslow\r\n" % ((subject("slow").encode(),) * 2)
    with server.client() as line:
        for start in range(0, len(content), 4):
            line.send(content[start : start + 4])
        expect(line.message().payload, b"slow", "the message of a slow client")
    return "delivered"


@SUITE.check("half-closed client")
def _half_closed(server: Server) -> str:
    with server.peer.connect() as connection:
        connection.sendall(_HELLO)
        connection.shutdown(socket.SHUT_WR)
    server.serves()
    return "survived"


@SUITE.check("reset")
def _reset(server: Server) -> str:
    """Clients that break off at every moment; half a message is none."""
    head = b"PUB %s 9\r\n" % subject("reset").encode()
    with server.client() as reader:
        reader.subscribe(subject("reset"), 1)
        for piece in (b"", _HELLO[:9], _HELLO, _HELLO + head + b"half"):
            reset(server.peer, piece)
        expect(reader.flush(), [], "what was delivered")
    server.serves()
    return "survived"


@SUITE.check("silent client")
def _silent(server: Server) -> str:
    """Who says nothing is greeted all the same."""
    if not exchange(server.peer, [], patience=0.5).content.startswith(b"INFO "):
        raise AnswerError("a silent client was not greeted")
    return "greeted"


@SUITE.check("monitoring")
def _monitoring(server: Server) -> str:
    if _MONITORING not in server.ports:
        return "not offered"
    base = f"http://{server.peer.host}:{_MONITORING}"
    with httpx.Client(timeout=server.peer.deadline.wait(), trust_env=False) as client:
        try:
            pages = {path: _page(client, base + path) for path in _PAGES}
        except httpx.ConnectError:
            return "not offered"
    for path, name in _PAGES.items():
        expect(name in pages[path], True, f"{name} in {path}")
    return f"{len(pages)} pages"


def _page(client: httpx.Client, url: str) -> Any:
    """A page's JSON; AnswerError if it has no end."""
    content = bytearray()
    with client.stream("GET", url) as response:
        expect(response.status_code, 200, "the status of a page")
        for piece in response.iter_raw():
            content += piece
            if len(content) > _MOST_PAGE:
                raise AnswerError("a page has no end")
    return httpx.Response(200, content=bytes(content)).json()
