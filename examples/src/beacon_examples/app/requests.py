"""What an application learns from requests, and how it answers good and bad ones."""

from __future__ import annotations

import time
from collections.abc import Iterator
from hashlib import sha256
from urllib.parse import quote

from beacon.workloads.answers import expect
from beacon.workloads.checks import AnswerError
from beacon.workloads.net import exchange
from beacon.workloads.suite import Suite
from beacon_examples.app.application import HOST, Application, parsed

SUITE = Suite[Application]()

_TEXT = "grüße, 世界 & co = 100%"
_LINES = 20
_WAIT = 0.2
_TOO_MUCH = 9 << 20
#: Path, method and the status they deserve.
_WRONG = (
    ("/api/there-is-no-such-page", "GET", 404),
    ("/api/hash", "GET", 405),
    ("/api/sleep?ms=soon", "GET", 400),
    ("/api/sleep?ms=99999", "GET", 400),
    ("/api/hash?algorithm=beacon", "POST", 400),
)


@SUITE.check("echo")
def _echo(app: Application) -> str:
    for method in ("GET", "POST", "PUT", "DELETE"):
        body = "" if method in ("GET", "DELETE") else f"{_TEXT}\n" * 100
        path = f"/api/echo?text={quote(_TEXT, safe='')}&empty=&more=1"
        seen = app.json(method, path, body.encode() or None, X_Demo="a header")
        expect(seen.get("method"), method, "the method")
        expect(seen.get("query"), {"text": _TEXT, "empty": "", "more": "1"}, "the query")
        expect(seen.get("header"), "a header", "the header X-Demo")
        expect(seen.get("body"), body, "the body")
    return "4 methods"


@SUITE.check("session")
def _session(app: Application) -> str:
    cookie = ""
    for visit in (1, 2, 3):
        answer = app.ask("GET", "/api/session", Cookie=cookie)
        expect(parsed(answer.body).get("visits"), visit, "visits with a cookie")
        if "set-cookie" in answer.headers:
            cookie = answer.headers["set-cookie"].partition(";")[0]
    name = cookie.partition("=")[0]
    forged = app.json("GET", "/api/session", Cookie=f"{name}=99.{'0' * 64}")
    expect(forged.get("visits"), 1, "visits with a forged cookie")
    return "3 visits"


@SUITE.check("stream")
def _stream(app: Application) -> str:
    answer = app.ask("GET", f"/api/stream?lines={_LINES}")
    expected = "".join(f"line {line}\n" for line in range(_LINES))
    expect(answer.body, expected.encode(), "the stream")
    return f"{_LINES} lines"


@SUITE.check("sleep")
def _sleep(app: Application) -> str:
    started = time.monotonic()
    expect(app.get(f"/api/sleep?ms={_WAIT * 1000:.0f}"), {"slept": 200}, "the answer")
    if time.monotonic() - started < _WAIT * 0.9:
        raise AnswerError("the answer came before its time")
    return "slept"


@SUITE.check("error")
def _error(app: Application) -> str:
    failed = app.json("GET", "/api/error", status=500)
    expect(failed, {"error": "this fails on purpose"}, "the error")
    expect(app.get("/api/echo").get("method"), "GET", "the method after an error")
    return "500, then well"


@SUITE.check("wrong requests")
def _wrong(app: Application) -> str:
    for path, method, status in _WRONG:
        if not app.json(method, path, status=status).get("error"):
            raise AnswerError(f"{method} {path} is not told why it is refused")
    return f"{len(_WRONG)} refused"


@SUITE.check("chunked upload")
def _chunked(app: Application) -> str:
    piece = bytes(range(256)) * 16

    def pieces() -> Iterator[bytes]:
        for _ in range(16):
            yield piece

    answer = parsed(app.ask("POST", "/api/hash?algorithm=sha256", pieces()).body)
    expect(answer.get("digest"), sha256(piece * 16).hexdigest(), "the digest of 16 chunks")
    return str(answer["digest"])[:16]


def _head(path: str, *headers: str) -> bytes:
    first = (f"POST {path} HTTP/1.1", f"Host: {HOST}", "Connection: close", *headers)
    return "\r\n".join((*first, "", "")).encode("ascii")


@SUITE.check("100-continue")
def _expected(app: Application) -> str:
    body = b"beacon" * 100
    head = _head("/api/hash", f"Content-Length: {len(body)}", "Expect: 100-continue")
    reply = exchange(app.peer, [head, body], pause=0.1).content
    if not reply.startswith(b"HTTP/1.1 100"):
        raise AnswerError("the server did not ask for the body")
    if sha256(body).hexdigest().encode() not in reply:
        raise AnswerError("the digest of the body is not in the answer")
    return "asked for the body"


@SUITE.check("too large")
def _too_large(app: Application) -> str:
    head = _head("/api/hash", f"Content-Length: {_TOO_MUCH}")
    reply = exchange(app.peer, [head], patience=0.5).content  # it may go on to wait for the body
    expect(reply[:12], b"HTTP/1.1 413", "the answer to a body of 9 MiB")
    return "413"
