"""Requests written by hand and what comes back, for what no well-behaved client would send."""

from __future__ import annotations

import io
from collections.abc import Sequence
from http.client import HTTPResponse, UnknownProtocol

from beacon.workloads.checks import AnswerError, steady
from beacon.workloads.net import HOST, exchange
from beacon_catalogue.http.site import Answer, Site, healthy

#: Seconds that a server may be silent about a request that it need not answer.
PATIENCE = 1.0
#: Seconds between the pieces of a request that comes in pieces.
PAUSE = 0.05
#: Seconds that a page may take, to its very end.
WHOLE = 5.0

_CONVERSED_LIMIT = 16 << 20


class _Received(io.BytesIO):
    """Bytes that were read already, for the standard library's parser, which wants a socket."""

    def makefile(self, _mode: str) -> _Received:
        return self

    def close(self) -> None:  # the parser closes after each answer; more may follow
        pass


def request(line: str, *headers: str, body: bytes = b"") -> bytes:
    """A request that asks the server to close the connection after its answer."""
    return head(line, "Connection: close", *headers) + body


def head(line: str, *headers: str) -> bytes:
    """A request's head; the header Host comes with it."""
    return "\r\n".join((line, f"Host: {HOST}", *headers, "", "")).encode("ascii")


GET = head("GET / HTTP/1.1")
LAST_GET = request("GET / HTTP/1.1")


def answers(content: bytes) -> list[Answer]:
    """The answers in `content`, one after the other; an http.client exception if one is broken."""
    received = _Received(content)
    found = []
    while received.tell() < len(content):
        found.append(_next(received))
    return found


def _next(received: _Received) -> Answer:
    response = HTTPResponse(received)  # type: ignore[arg-type]
    response.begin()
    headers = {name.lower(): value for name, value in response.getheaders()}
    return Answer(response.status, headers, response.read())


def first(content: bytes) -> Answer:
    """The first answer, a healthy one; what comes after may be another protocol."""
    if not content:
        raise AnswerError("the server closed the connection without an answer")
    answer = _next(_Received(content))
    healthy(answer.status)
    return answer


def converse(site: Site, payload: bytes) -> Answer:
    """The first answer to `payload`, read no further: for connections that stay open."""
    with site.peer.connect() as connection:
        connection.sendall(payload)
        response = HTTPResponse(connection)
        response.begin()
        headers = {name.lower(): value for name, value in response.getheaders()}
        answer = Answer(response.status, headers, response.read(_CONVERSED_LIMIT))
    healthy(answer.status)
    return answer


def same_page(site: Site, content: bytes) -> str | None:
    """The page's mark; AnswerError if the first answer in `content` is not the page."""
    answer = first(content)
    return site.same(answer.status, answer.body)


def still_serves(site: Site) -> str | None:
    """The page's mark; AnswerError if the server does not give the page any more."""
    after = site.ask("GET", "/")
    return site.same(after.status, after.body)


def manner(site: Site, pieces: Sequence[bytes]) -> str:
    """How the server takes `pieces`: the status of its answer, or `closed`, `silent`, `answered`.

    An answer's body must be complete.
    """
    reply = exchange(site.peer, pieces, pause=PAUSE, patience=PATIENCE)
    if not reply.content.startswith(b"HTTP/"):
        return reply.manner
    try:
        return healthy(first(reply.content).status)
    except UnknownProtocol:  # a server may echo the version that it was asked for
        return "answered"


def survives(site: Site, *pieces: bytes) -> str | None:
    """How the server takes `pieces`; what counts is that it still serves the page after."""
    value = steady(lambda: manner(site, pieces))
    still_serves(site)
    return value
