"""Many clients of an application at once, and those that break off."""

from __future__ import annotations

import hashlib

from beacon.workloads.answers import expect
from beacon.workloads.checks import AnswerError, at_once
from beacon.workloads.net import exchange, reset
from beacon.workloads.suite import Suite
from beacon_examples.app.application import HOST, Application

SUITE = Suite[Application]()

_REQUESTS = 60
_THREADS = 12


@SUITE.check("mixed crowd")
def _mixed(app: Application) -> str:
    def one(number: int) -> None:
        text = f"number {number}"
        if number % 3 == 0:
            expect(app.json("POST", "/api/echo", text.encode()).get("body"), text, "the body")
        elif number % 3 == 1:
            own = hashlib.sha256(text.encode()).hexdigest()
            expect(app.json("POST", "/api/hash", text.encode()).get("digest"), own, "the digest")
        else:
            expect(app.get("/api/sleep?ms=20"), {"slept": 20}, "the answer")

    at_once(one, _REQUESTS, _THREADS)
    return f"{_REQUESTS} requests"


def _head(path: str, length: int) -> bytes:
    lines = (f"POST {path} HTTP/1.1", f"Host: {HOST}", "Connection: close")
    return "\r\n".join((*lines, f"Content-Length: {length}", "", "")).encode("ascii")


@SUITE.check("slow body")
def _slow(app: Application) -> str:
    pieces = [_head("/api/hash", 40), *[b"0123456789"] * 4]
    reply = exchange(app.peer, pieces, pause=0.05).content
    own = hashlib.sha256(b"0123456789" * 4).hexdigest()
    if own.encode() not in reply:
        raise AnswerError("the digest of a slow body is not in the answer")
    return own[:16]


@SUITE.check("broken off")
def _broken_off(app: Application) -> str:
    for piece in (_head("/api/hash", 1000) + b"half", _head("/api/upload", 1000) + b"--x\r\n"):
        reset(app.peer, piece)
    for path in ("/api/stream?lines=500", "/api/sleep?ms=50"):
        reset(app.peer, f"GET {path} HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode("ascii"))
    expect(app.get("/api/echo").get("method"), "GET", "the method afterwards")
    return "still serving"
