"""What odd, slow, old and hostile clients do to a web server, by plain sockets."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from http.client import HTTPResponse

from beacon.workloads.checks import AnswerError, steady
from beacon.workloads.http.site import HOST, Answer, Site, healthy
from beacon.workloads.wire import exchange, reset

_PIPELINED = 3
_LONG = 32 << 10
_UPLOAD = 256 << 10


class _Received(io.BytesIO):
    """Bytes that were read already, for the standard library's parser, which wants a socket."""

    def makefile(self, _mode: str) -> _Received:
        return self

    def close(self) -> None:  # the parser closes after each answer; more may follow
        pass


def answers(content: bytes) -> list[Answer]:
    """The answers in `content`, one after the other; an http.client exception if one is broken."""
    received = _Received(content)
    found = []
    while received.tell() < len(content):
        response = HTTPResponse(received)  # type: ignore[arg-type]
        response.begin()
        body = response.read()
        found.append(Answer(response.status, dict(response.getheaders()), body))
    return found


def _request(line: str, *headers: str) -> bytes:
    return "\r\n".join((line, *headers, "", "")).encode("ascii")


_GET = _request("GET / HTTP/1.1", f"Host: {HOST}")
_LAST_GET = _request("GET / HTTP/1.1", f"Host: {HOST}", "Connection: close")


def _one(content: bytes) -> Answer:
    found = answers(content)
    if not found:
        raise AnswerError("the server closed the connection without an answer")
    healthy(found[0].status)
    return found[0]


def _old(site: Site) -> str | None:
    answer = _one(exchange(site.peer, [_request("GET / HTTP/1.0", f"Host: {HOST}")]).content)
    return site.same(answer.status, answer.body)


def _slow(site: Site) -> str | None:
    size = -(-len(_LAST_GET) // 4)
    pieces = [_LAST_GET[start : start + size] for start in range(0, len(_LAST_GET), size)]
    answer = _one(exchange(site.peer, pieces, pause=0.2).content)
    return site.same(answer.status, answer.body)


def _pipelining(site: Site) -> str:
    requests = _GET * (_PIPELINED - 1) + _LAST_GET
    found = answers(exchange(site.peer, [requests]).content)
    if not found:
        raise AnswerError("the server closed the connection without an answer")
    for answer in found:
        site.same(answer.status, answer.body)
    return f"{len(found)} of {_PIPELINED} answered"


def _manner(site: Site, payload: bytes, patience: float) -> str:
    reply = exchange(site.peer, [payload], patience=patience)
    if not reply.content.startswith(b"HTTP/"):
        return reply.manner
    return healthy(answers(reply.content)[0].status)


def _survives(site: Site, payload: bytes, patience: float = 2.0) -> str | None:
    """How the server takes `payload`; what counts is that it still serves the page after."""
    value = steady(lambda: _manner(site, payload, patience))
    after = site.ask("GET", "/")
    site.same(after.status, after.body)
    return value


def _malformed(site: Site) -> str | None:
    return _survives(site, b"\x00\xff beacon \xfe\r\n\r\n", patience=1.0)


def _long_target(site: Site) -> str | None:
    line = f"GET /{'a' * _LONG} HTTP/1.1"
    return _survives(site, _request(line, f"Host: {HOST}", "Connection: close"))


def _long_header(site: Site) -> str | None:
    headers = (f"Host: {HOST}", "Connection: close", f"X-Beacon: {'a' * _LONG}")
    return _survives(site, _request("GET / HTTP/1.1", *headers))


def _upload(site: Site) -> str | None:
    headers = (f"Host: {HOST}", "Connection: close", f"Content-Length: {_UPLOAD}")
    return _survives(site, _request("POST / HTTP/1.1", *headers) + b"b" * _UPLOAD)


def _reset(site: Site) -> str | None:
    for piece in (b"GET / HT", _GET):
        reset(site.peer, piece)
    after = site.ask("GET", "/")
    return site.same(after.status, after.body)


CHECKS: Mapping[str, Callable[[Site], str | None]] = {
    "HTTP/1.0": _old,
    "slow client": _slow,
    "pipelining": _pipelining,
    "malformed request": _malformed,
    "long target": _long_target,
    "long header": _long_header,
    "upload": _upload,
    "reset": _reset,
}
