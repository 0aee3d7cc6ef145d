"""What BeaCon and a process that drives a container say to each other: lines of JSON."""

from __future__ import annotations

import msgspec

from beacon.model.run import Check


class Ready(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The first message: the names of all checks of the workload, or why there are none."""

    names: tuple[str, ...] = ()
    failure: str | None = None


class Request(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Drive this container for `timeout` seconds; the other fields are those of Endpoint."""

    container: str
    address: str | None
    ports: tuple[int, ...]
    env: dict[str, str]
    timeout: float
    udp_ports: tuple[int, ...] = ()


class Done(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One check is done; or all are, or none more will be: `end` says why, or is empty."""

    check: Check | None = None
    end: str | None = None


def line(message: msgspec.Struct) -> bytes:
    """A message as it is sent."""
    return msgspec.json.encode(message) + b"\n"
