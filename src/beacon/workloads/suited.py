"""Chooses the workloads for what a container listens on."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from beacon.model.listener import Listener
from beacon.workloads.combination import MOST_PARTS, Part
from beacon.workloads.interface import Endpoint
from beacon.workloads.none import NoWorkload
from beacon.workloads.reach import BESIDES, HABITS, TLS_PORTS, reachable_ports

#: Ports that are asked whether they speak HTTP.
MOST_ASKED = 16

#: The workloads that a port's number stands for: the others drive one application each.
_BY_PORT = ("http", "redis", "postgres", "mysql", "amqp", "mqtt", "memcached", "zookeeper")
_KNOWN = {port: name for name in _BY_PORT for port in HABITS[name]}


def guess(ports: Iterable[int]) -> str:
    """The name of the workload that the first well-known port stands for; `none` without one."""
    return next((_KNOWN[port] for port in ports if port in _KNOWN), NoWorkload.name)


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
    alone = Part(parts[0].workload)
    first = alone if alone.port_of(endpoint) == parts[0].port else parts[0]
    return "+".join(map(str, (first, *parts[1:MOST_PARTS])))


def _known(ports: Iterable[int]) -> list[Part]:
    found = [Part(_KNOWN[port], port) for port in ports if port in _KNOWN]
    return [part for part in found if not any(part.port in _besides(each) for each in found)]


def _besides(part: Part) -> Collection[int]:
    """The ports that are driven with this one, so that nothing else need be."""
    return () if part.port in TLS_PORTS else BESIDES.get(part.workload, {})
