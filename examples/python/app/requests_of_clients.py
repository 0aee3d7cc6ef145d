"""What an answer can say about its request: echo, session, stream, sleep, error."""

from __future__ import annotations

import hmac
import os
import time
from collections.abc import Iterator
from http.cookies import SimpleCookie

from web import Answer, Request, json_answer

SECRET = os.environ.get("SESSION_SECRET", "not much of a secret").encode()


def echo(request: Request) -> dict[str, object]:
    """What was asked."""
    return {
        "method": request.method,
        "query": request.query,
        "header": request.header("X-Demo"),
        "body": request.body().decode(errors="replace"),
    }


def _signature(text: str) -> str:
    return hmac.new(SECRET, text.encode(), "sha256").hexdigest()


def _visits(request: Request) -> int:
    cookie = SimpleCookie(request.header("Cookie") or "").get("visits")
    visits, _, signature = (cookie.value if cookie else "").partition(".")
    known = (
        visits.isascii() and visits.isdigit() and hmac.compare_digest(signature, _signature(visits))
    )
    return int(visits) if known else 0


def session(request: Request) -> Answer:
    """Count the visits of one client, in a signed cookie."""
    visits = _visits(request) + 1
    answer = json_answer(200, {"visits": visits})
    answer.headers["Set-Cookie"] = f"visits={visits}.{_signature(str(visits))}; Path=/; HttpOnly"
    return answer


def stream(request: Request) -> Answer:
    """Lines, slowly."""
    lines = request.number("lines", 20, 1000)

    def body() -> Iterator[bytes]:
        for line in range(lines):
            yield f"line {line}\n".encode()
            time.sleep(0.005)

    return Answer(200, {"Content-Type": "text/plain; charset=utf-8"}, body())


def sleep(request: Request) -> dict[str, int]:
    """Answer later."""
    ms = request.number("ms", 100, 5000)
    time.sleep(ms / 1000)
    return {"slept": ms}


def error(_: Request) -> None:
    """Fail."""
    raise RuntimeError("this fails on purpose")


ROUTES = {
    "/api/echo": {"ANY": echo},
    "/api/session": {"GET": session},
    "/api/stream": {"GET": stream},
    "/api/sleep": {"GET": sleep},
    "/api/error": {"GET": error},
}
