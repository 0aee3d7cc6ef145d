"""Drives a Redis (or Valkey) server: every data type, persistence, and clients that misbehave.

All keys carry one prefix and are deleted at the end; settings are put back. The server's own
keys stay, for it may serve a volume that the user mounted: a database is flushed only if it was
empty before.
"""

from __future__ import annotations

from beacon.model.run import Check
from beacon.workloads.answers import run_and_clean
from beacon.workloads.checks import Deadline
from beacon.workloads.clients import require
from beacon.workloads.interface import Endpoint, Workload
from beacon.workloads.reach import REDIS_PORTS, choose_port, unreachable
from beacon.workloads.wire import Peer

#: Seconds kept back from the checks, so that the server is left clean when they take too long.
_CLEANING = 3.0
#: The official image has no variable for it: a password is given by option or file.
_PASSWORD = "REDIS_PASSWORD"  # noqa: S105 (a name)


class RedisWorkload(Workload):
    """Redis on port 6379 or the container's first port; MissingClientError without redis.

    With TLS where the port wants it; a password is in the container's REDIS_PASSWORD.
    """

    name = "redis"

    def __init__(self) -> None:
        require("redis", "redis")

    def drive(self, endpoint: Endpoint, timeout: float) -> tuple[Check, ...]:
        """Use the server in every way we know and leave it as it was."""
        # these need redis-py
        from beacon.workloads.redis import (
            clients,
            features,
            keeping,
            replication,
            rights,
            types,
            watching,
        )
        from beacon.workloads.redis.server import CLEANING, Server
        from beacon.workloads.redis.way import way_to

        checks = {
            **types.CHECKS,
            **features.CHECKS,
            **clients.CHECKS,
            **watching.CHECKS,
            **rights.CHECKS,
            **keeping.CHECKS,
            **replication.CHECKS,
        }
        if endpoint.address is None:
            return unreachable((*checks, CLEANING))
        deadline = Deadline(timeout, endpoint.stop, keep=_CLEANING)
        peer = Peer(endpoint.address, choose_port(endpoint, REDIS_PORTS), deadline)
        server = Server(way_to(peer), endpoint.env.get(_PASSWORD))
        return run_and_clean(checks, {CLEANING: Server.clean}, server, deadline)
