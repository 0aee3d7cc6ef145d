"""All checks of memcached; those of a protocol that the server does not speak say so."""

from __future__ import annotations

from functools import partial

from beacon.workloads.suite import CheckFunction, Suite
from beacon_catalogue.memcached import binary, clients, meta, telling, text, tuning
from beacon_catalogue.memcached.server import Server

_OFF = "switched off"


def _if_text(check: CheckFunction[Server], server: Server) -> str | None:
    return check(server) if server.manner.text else _OFF


def _if_binary(check: CheckFunction[Server], server: Server) -> str | None:
    return check(server) if server.manner.binary else _OFF


_TEXT = Suite(part.SUITE for part in (text, meta, telling, clients, tuning))

SUITE = Suite[Server]()
for _name, _check in _TEXT.checks.items():
    SUITE.add(_name, partial(_if_text, _check))
for _name, _check in binary.SUITE.checks.items():
    SUITE.add(_name, partial(_if_binary, _check))
for _name, _check in clients.ALWAYS.checks.items():
    SUITE.add(_name, _check)
SUITE.cleaning("cleaning up")(Server.clean)
