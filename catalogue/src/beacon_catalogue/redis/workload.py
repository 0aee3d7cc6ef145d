"""Drives a Redis (or Valkey) server: every data type, persistence, and clients that misbehave.

All keys carry one prefix and are deleted at the end; settings are put back. The server's own
keys stay, for it may serve a volume that the user mounted: a database is flushed only if it was
empty before.
"""

from __future__ import annotations

from beacon.workloads.interface import Endpoint
from beacon.workloads.net import Peer
from beacon.workloads.suite import Suite
from beacon.workloads.suite_workload import SuiteWorkload
from beacon_catalogue.redis import (
    SERVICE,
    clients,
    features,
    keeping,
    replication,
    rights,
    types,
    watching,
)
from beacon_catalogue.redis.server import Server
from beacon_catalogue.redis.transport import detect_transport

#: The official image has no variable for it: a password is given by option or file.
_PASSWORD = "REDIS_PASSWORD"  # noqa: S105 (a name)

SUITE = Suite(
    part.SUITE for part in (types, features, clients, watching, rights, keeping, replication)
)
SUITE.cleaning("cleaning up")(Server.clean)


def _connect(peer: Peer, endpoint: Endpoint) -> Server:
    """With TLS where the port wants it; a password is in the container's REDIS_PASSWORD."""
    return Server(detect_transport(peer), endpoint.env.get(_PASSWORD))


WORKLOAD = SuiteWorkload("redis", SUITE, _connect, ports=SERVICE.ports, cleaning=3.0)
