"""Drives a memcached server: its three protocols, its statistics, and clients that misbehave.

All keys carry one prefix and are deleted at the end; settings are put back. What else the server
holds stays, but for what has to go when memory is scarce.
"""

from __future__ import annotations

from beacon.model.run import Check
from beacon.workloads.answers import run_and_clean
from beacon.workloads.checks import Deadline
from beacon.workloads.clients import require
from beacon.workloads.interface import Endpoint, Workload
from beacon.workloads.reach import MEMCACHED_PORTS, choose_port, unreachable
from beacon.workloads.wire import Peer

#: Seconds kept back from the checks, so that the server is left clean when they take too long.
_CLEANING = 3.0


class MemcachedWorkload(Workload):
    """Memcached on port 11211 or the container's first port; with or without TLS and SASL."""

    name = "memcached"

    def __init__(self) -> None:
        require("pymemcache", "memcached")

    def drive(self, endpoint: Endpoint, timeout: float) -> tuple[Check, ...]:
        """Use the server in every way we know and leave it as it was."""
        # these need pymemcache
        from beacon.workloads.memcached.checks import all_checks
        from beacon.workloads.memcached.manner import find
        from beacon.workloads.memcached.server import CLEANING, Server

        checks = all_checks()
        if endpoint.address is None:
            return unreachable((*checks, CLEANING))
        deadline = Deadline(timeout, endpoint.stop, keep=_CLEANING)
        peer = Peer(endpoint.address, choose_port(endpoint, MEMCACHED_PORTS), deadline)
        server = Server(peer, find(peer), endpoint.env)
        return run_and_clean(checks, {CLEANING: Server.clean}, server, deadline)
