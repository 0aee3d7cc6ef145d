"""All checks of memcached; those of a protocol that the server does not speak say so."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from beacon.workloads.memcached import binary, clients, meta, telling, text, tuning
from beacon.workloads.memcached.server import Server

_Check = Callable[[Server], str | None]

_OFF = "switched off"


def all_checks() -> Mapping[str, _Check]:
    """The checks in the order in which they are run."""
    texts = {
        **text.CHECKS,
        **meta.CHECKS,
        **telling.CHECKS,
        **clients.CHECKS,
        **tuning.CHECKS,
    }
    return {
        **{name: partial(_if_text, check) for name, check in texts.items()},
        **{name: partial(_if_binary, check) for name, check in binary.CHECKS.items()},
        **clients.ALWAYS,
    }


def _if_text(check: _Check, server: Server) -> str | None:
    return check(server) if server.manner.text else _OFF


def _if_binary(check: _Check, server: Server) -> str | None:
    return check(server) if server.manner.binary else _OFF
