"""An application's view of networks, names and clocks."""

from __future__ import annotations

from beacon.workloads.answers import expect
from beacon.workloads.checks import AnswerError
from beacon.workloads.suite import Suite
from beacon_examples.app.application import Application

SUITE = Suite[Application]()

_TIME = {"utc": "2021-07-01 12:00:00", "there": "2021-07-01 14:00:00"}


@SUITE.check("names")
def _names(app: Application) -> str:
    found = app.get("/api/lookup?name=localhost").get("addresses")
    if not isinstance(found, list) or "127.0.0.1" not in found:
        raise AnswerError("localhost has not the address 127.0.0.1")
    unknown = app.get("/api/lookup?name=beacon.invalid")
    expect(unknown, {"addresses": []}, "the addresses of beacon.invalid")
    return "localhost"


@SUITE.check("sockets")
def _sockets(app: Application) -> str:
    told = app.get("/api/net")
    expect(
        told, {"tcp": "hello", "unix": "hello", "udp": "hello", "http": 200}, "what servers said"
    )
    return "4 servers"


@SUITE.check("TLS")
def _tls(app: Application) -> str:
    expect(app.get("/api/tls"), {"version": "TLSv1.3", "echo": "hello"}, "what was said by TLS")
    return "TLSv1.3"


@SUITE.check("time")
def _time(app: Application) -> str:
    expect(app.get("/api/time?epoch=1625140800&zone=Europe/Berlin"), _TIME, "the time")
    app.json("GET", "/api/time?epoch=0&zone=Nowhere/Beacon", status=400)
    return "2 zones"
