"""Chooses the workloads for what a container listens on."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from beacon.model.listener import Listener
from beacon.workloads.combination import MOST_PARTS, Part
from beacon.workloads.discovery import drivers
from beacon.workloads.interface import Endpoint
from beacon.workloads.none import NoWorkload
from beacon.workloads.ports import choose_port, reachable_ports

#: Ports that are asked what they speak.
MOST_ASKED = 16


def by_port(port: int) -> str | None:
    """The workload that this port's number stands for by habit."""
    known = (name for name, each in drivers().items() if each.guessed and port in each.habits)
    return next(known, None)


def guess(ports: Iterable[int]) -> str:
    """The name of the workload that the first well-known port stands for; `none` without one."""
    return next(filter(None, map(by_port, ports)), NoWorkload.name)


def unknown(
    exposed: Sequence[int], listeners: Iterable[Listener], address: str | None
) -> tuple[int, ...]:
    """The TCP ports whose number stands for no protocol: those to be asked for HTTP."""
    ports = reachable_ports(exposed, listeners, address)
    taken = {port for part in _known(ports) for port in (part.port, *_besides(part))}
    return tuple(port for port in ports if port not in taken)[:MOST_ASKED]


def suited(
    exposed: Sequence[int],
    listeners: Iterable[Listener],
    address: str | None,
    speak_http: Collection[int] = (),
) -> str:
    """The name of the workload for these sockets, a combination where they want several.

    By the port's number, and `http` for those that `speak_http`; at most four, first those that
    the image exposes. A single one that finds its port by itself goes without it.
    """
    ports = reachable_ports(exposed, listeners, address)
    parts = [*_known(ports), *(Part("http", port) for port in ports if port in speak_http)]
    parts = [part for part in parts if not any(part.port in _besides(x) for x in parts)]
    if not parts:
        return NoWorkload.name
    endpoint = Endpoint("", address, ports)
    alone = choose_port(endpoint, drivers()[parts[0].workload].habits) == parts[0].port
    first = Part(parts[0].workload) if alone else parts[0]
    return "+".join(map(str, (first, *parts[1:MOST_PARTS])))


def _known(ports: Iterable[int]) -> list[Part]:
    found = [Part(name, port) for port in ports if (name := by_port(port))]
    return [part for part in found if not any(part.port in _besides(each) for each in found)]


def _besides(part: Part) -> Collection[int]:
    """The ports that are driven with this one, so that nothing else need be."""
    service = drivers()[part.workload]
    return () if part.port in service.tls_ports else service.besides
