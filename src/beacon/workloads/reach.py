"""Which port of a container to talk to, and what to say when there is no way to it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from beacon.model.listener import Listener
from beacon.model.run import Check
from beacon.workloads.interface import Endpoint

#: Ports that servers are given by habit, the likeliest first.
HTTP_PORTS = (80, 8080, 8000, 3000, 5000, 8008, 8081, 8088, 8888, 9090, 9200)
TLS_PORTS = (443, 8443)  # a server expects TLS from the first byte on
REDIS_PORTS = (6379,)
POSTGRES_PORTS = (5432,)
MYSQL_PORTS = (3306,)
AMQP_PORTS = (5672,)
MQTT_PORTS = (1883,)
MEMCACHED_PORTS = (11211,)
ZOOKEEPER_PORTS = (2181,)
REGISTRY_PORTS = (5000,)  # a habit of many web servers, too: nobody is guessed by it

#: Where each workload looks for its server.
HABITS: Mapping[str, tuple[int, ...]] = {
    "http": (*HTTP_PORTS, *TLS_PORTS),
    "app": HTTP_PORTS,
    "php": (*HTTP_PORTS, *TLS_PORTS),
    "redis": REDIS_PORTS,
    "postgres": POSTGRES_PORTS,
    "mysql": MYSQL_PORTS,
    "amqp": AMQP_PORTS,
    "mqtt": MQTT_PORTS,
    "memcached": MEMCACHED_PORTS,
    "zookeeper": ZOOKEEPER_PORTS,
    "registry": REGISTRY_PORTS,
}
_OVER_TLS = dict.fromkeys(TLS_PORTS, "TLS: version")
#: Further ports that a workload drives where they are open, and the check that tells of it.
BESIDES: Mapping[str, Mapping[int, str]] = {
    "http": _OVER_TLS,
    "app": _OVER_TLS,
    "php": _OVER_TLS,
    "amqp": {5671: "TLS", 15672: "management", 15692: "metrics", 61613: "STOMP"},
    "mqtt": {8883: "TLS", 9001: "WebSocket"},
    "zookeeper": {8080: "admin stats"},
}
#: What those checks answer where the port is closed or speaks something else.
_ABSENT = (None, "no TLS", "not offered", "switched off")


def choose_port(endpoint: Endpoint, habitual: Sequence[int]) -> int:
    """The first habitual port that the container has, else its first port, else the habit's."""
    likely = [port for port in habitual if port in endpoint.ports]
    return (*likely, *endpoint.ports, habitual[0])[0]


def open_ports(
    exposed: Sequence[int], listeners: Iterable[Listener], address: str | None
) -> tuple[int, ...]:
    """The TCP ports at which a client is to look for the container.

    The exposed ones where nothing listens, or nothing that is reached from outside.
    """
    return reachable_ports(exposed, listeners, address) or (*exposed,)


def reachable_ports(
    exposed: Sequence[int], listeners: Iterable[Listener], address: str | None
) -> tuple[int, ...]:
    """The TCP ports where a client finds somebody, those that the image exposes first."""
    local = address in ("127.0.0.1", "::1")  # it shares our network
    found = {x.port for x in listeners if x.protocol == "tcp" and (local or not x.loopback)}
    return tuple(sorted(found, key=lambda port: (port not in exposed, port)))


def reached(name: str, endpoint: Endpoint, checks: Iterable[Check]) -> frozenset[str]:
    """The sockets (`443/tcp`) that the workload of this name has driven, by its checks.

    Where no check passed it has driven none: nobody there understood it.
    """
    passed = {check.name: check.value for check in checks if check.passed}
    if not passed or endpoint.address is None:
        return frozenset()
    found = {choose_port(endpoint, HABITS[name])}
    proofs: set[str] = set()
    for port, check in BESIDES.get(name, {}).items():
        if port in endpoint.ports and check not in proofs and passed.get(check) not in _ABSENT:
            found.add(port)
            proofs.add(check)
    return frozenset(f"{port}/tcp" for port in found)


def unreachable(names: Iterable[str]) -> tuple[Check, ...]:
    """The checks of a container without a network: all of them, failed."""
    detail = "not tried: the container has no network address"
    return tuple(Check(name, passed=False, detail=detail) for name in names)
