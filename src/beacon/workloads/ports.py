"""Which port of a container to talk to, and what to say when there is no way to it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

from beacon.model.listener import Listener
from beacon.model.run import Check
from beacon.workloads.interface import Endpoint
from beacon.workloads.service import Service

#: What those checks answer where the port is closed or speaks something else.
_ABSENT = (None, "no TLS", "not offered", "switched off")


def choose_port(endpoint: Endpoint, habitual: Sequence[int], *, udp: bool = False) -> int:
    """The first habitual port that the container has, else its first port, else the habit's.

    With `udp` its ports for datagrams count, too, after those of TCP.
    """
    ports = (*endpoint.ports, *(endpoint.udp_ports if udp else ()))
    likely = [port for port in habitual if port in ports]
    return (*likely, *ports, *habitual, 0)[0]


def open_ports(
    exposed: Sequence[int], listeners: Iterable[Listener], address: str | None
) -> tuple[int, ...]:
    """The TCP ports at which a client is to look for the container.

    The exposed ones where nothing listens, or nothing that is reached from outside.
    """
    return reachable_ports(exposed, listeners, address) or (*exposed,)


def reachable_ports(
    exposed: Sequence[int],
    listeners: Iterable[Listener],
    address: str | None,
    transport: Literal["tcp", "udp"] = "tcp",
) -> tuple[int, ...]:
    """The ports where a client finds somebody, those that the image exposes first."""
    local = address in ("127.0.0.1", "::1")  # it shares our network
    found = {x.port for x in listeners if x.protocol == transport and (local or not x.loopback)}
    return tuple(sorted(found, key=lambda port: (port not in exposed, port)))


def reached(service: Service, endpoint: Endpoint, checks: Iterable[Check]) -> frozenset[str]:
    """The sockets (`443/tcp`) that this service's workload has driven, by its checks.

    Where no check passed it has driven none: nobody there understood it.
    """
    passed = {check.name: check.value for check in checks if check.passed}
    if not passed or endpoint.address is None or not service.understands:
        return frozenset()
    port = choose_port(endpoint, service.habits, udp=bool(service.transports))
    proofs = service.transports.items()
    found = {f"{port}/{transport}" for transport, check in proofs if check in passed}
    if not service.transports:
        found.add(f"{port}/tcp")
    shown: set[str] = set()
    for other, check in service.besides.items():
        if other in endpoint.ports and check not in shown and passed.get(check) not in _ABSENT:
            found.add(f"{other}/tcp")
            shown.add(check)
    return frozenset(found)


def unreachable(names: Iterable[str]) -> tuple[Check, ...]:
    """The checks of a container without a network: all of them, failed."""
    detail = "not tried: the container has no network address"
    return tuple(Check(name, passed=False, detail=detail) for name in names)
