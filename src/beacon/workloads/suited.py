"""Chooses the workloads for what a container listens on."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence

from beacon.model.listener import Listener
from beacon.model.recognition import Spoken
from beacon.workloads.combination import MOST_PARTS, Part, companions
from beacon.workloads.detection import TCP, TLS
from beacon.workloads.discovery import by_port, drivers
from beacon.workloads.interface import Endpoint
from beacon.workloads.none import NoWorkload
from beacon.workloads.ports import choose_port, reachable_ports

#: Sockets that are asked what they speak.
MOST_ASKED = 32


def guess(ports: Iterable[int]) -> str:
    """The name of the workload that the first well-known port stands for; `none` without one."""
    return next(filter(None, map(by_port, ports)), NoWorkload.name)


def certain(
    exposed: Sequence[int],
    listeners: Sequence[Listener],
    address: str | None,
    expected: Collection[str],
) -> tuple[Spoken, ...]:
    """The sockets that need not be asked: the habits of workloads that are `expected`."""
    found = []
    for port in reachable_ports(exposed, listeners, address):
        name = by_port(port)
        if name is None or name not in expected:
            name = next((each for each in sorted(expected) if port in _habits(each)), None)
        if name is not None:
            found.append(Spoken(port=port, workload=name, tls=port in drivers()[name].tls_ports))
    return tuple(found)


def _habits(workload: str) -> Collection[int]:
    service = drivers().get(workload)
    return service.habits if service is not None else ()


def unknown(
    exposed: Sequence[int],
    listeners: Sequence[Listener],
    address: str | None,
    known: Iterable[Spoken],
) -> tuple[Listener, ...]:
    """The sockets to be asked: those that a client reaches, but for the known ones.

    What is driven beside a known one is not asked either.
    """
    parts = [Part(each.workload, each.port) for each in known]
    taken = {port for part in parts for port in (part.port, *companions(drivers(), part))}
    tcp = [Listener(x) for x in reachable_ports(exposed, listeners, address) if x not in taken]
    udp = [Listener(x, "udp") for x in reachable_ports((), listeners, address, "udp")]
    return (*tcp, *udp)[:MOST_ASKED]


def by_habit(asked: Iterable[Listener], answered: Iterable[Spoken]) -> Iterator[Spoken]:
    """What sockets that said nothing speak by their port's number, if that stands for anything."""
    spoke = {(each.port, each.transport) for each in answered}
    for each in asked:
        silent = each.protocol == "tcp" and (each.port, "tcp") not in spoke
        if silent and (name := by_port(each.port)):
            yield Spoken(port=each.port, workload=name, tls=each.port in drivers()[name].tls_ports)


def suited(exposed: Sequence[int], sockets: Iterable[Spoken], address: str | None) -> str:
    """The name of the workload for these sockets, a combination where they want several.

    At most eight, first those that the image exposes, last those of which nothing is known but
    that they accept connections. A single one that finds its port by itself goes without it.
    """
    ordered = sorted(sockets, key=lambda each: _rank(each, exposed))
    known = [each for each in ordered if each.workload in drivers()]
    parts = list(dict.fromkeys(Part(each.workload, each.port) for each in known))
    parts = [
        part for part in parts if not any(part.port in companions(drivers(), x) for x in parts)
    ]
    if not parts:
        return NoWorkload.name
    ports = tuple(dict.fromkeys(each.port for each in ordered if each.transport == "tcp"))
    udp_ports = tuple(each.port for each in ordered if each.transport == "udp")
    endpoint = Endpoint(container="", address=address, ports=ports, udp_ports=udp_ports)
    first, service = parts[0], drivers()[parts[0].workload]
    if choose_port(endpoint, service.habits, udp=bool(service.transports)) == first.port:
        first = Part(first.workload)
    return "+".join(map(str, (first, *parts[1:MOST_PARTS])))


def _rank(spoken: Spoken, exposed: Sequence[int]) -> tuple[bool, bool, int]:
    return spoken.workload in (TCP, TLS), spoken.port not in exposed, spoken.port
