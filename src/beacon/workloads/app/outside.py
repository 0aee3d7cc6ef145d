"""An application's view of networks, names and clocks."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from beacon.workloads.answers import expect
from beacon.workloads.app.application import Application
from beacon.workloads.checks import AnswerError

_TIME = {"utc": "2021-07-01 12:00:00", "there": "2021-07-01 14:00:00"}


def _names(app: Application) -> str:
    found = app.get("/api/lookup?name=localhost").get("addresses")
    if not isinstance(found, list) or "127.0.0.1" not in found:
        raise AnswerError("localhost has not the address 127.0.0.1")
    unknown = app.get("/api/lookup?name=beacon.invalid")
    expect(unknown, {"addresses": []}, "the addresses of beacon.invalid")
    return "localhost"


def _sockets(app: Application) -> str:
    told = app.get("/api/net")
    expect(
        told, {"tcp": "hello", "unix": "hello", "udp": "hello", "http": 200}, "what servers said"
    )
    return "4 servers"


def _tls(app: Application) -> str:
    expect(app.get("/api/tls"), {"version": "TLSv1.3", "echo": "hello"}, "what was said by TLS")
    return "TLSv1.3"


def _time(app: Application) -> str:
    expect(app.get("/api/time?epoch=1625140800&zone=Europe/Berlin"), _TIME, "the time")
    app.json("GET", "/api/time?epoch=0&zone=Nowhere/Beacon", status=400)
    return "2 zones"


CHECKS: Mapping[str, Callable[[Application], str | None]] = {
    "names": _names,
    "sockets": _sockets,
    "TLS": _tls,
    "time": _time,
}
