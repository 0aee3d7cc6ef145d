"""Which port of a container to talk to, and what to say when there is no way to it."""

from __future__ import annotations

from collections.abc import Iterable

from beacon.model.run import Check
from beacon.workloads.interface import Endpoint

#: Ports that servers are given by habit, the likeliest first.
HTTP_PORTS = (80, 8080, 8000, 3000, 5000, 8008, 8081, 8088, 8888, 9090, 9200)
REDIS_PORTS = (6379,)
POSTGRES_PORTS = (5432,)
MYSQL_PORTS = (3306,)
AMQP_PORTS = (5672,)
MQTT_PORTS = (1883,)
MEMCACHED_PORTS = (11211,)
ZOOKEEPER_PORTS = (2181,)
REGISTRY_PORTS = (5000,)  # a habit of many web servers, too: nobody is guessed by it


def choose_port(endpoint: Endpoint, habitual: tuple[int, ...]) -> int:
    """The first habitual port that the container has, else its first port, else the habit's."""
    likely = [port for port in habitual if port in endpoint.ports]
    return (*likely, *endpoint.ports, habitual[0])[0]


def unreachable(names: Iterable[str]) -> tuple[Check, ...]:
    """The checks of a container without a network: all of them, failed."""
    detail = "not tried: the container has no network address"
    return tuple(Check(name, passed=False, detail=detail) for name in names)
