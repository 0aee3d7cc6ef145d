"""Drives a ZooKeeper server: nodes, sessions, watches, recipes, rights, and what it tells.

All nodes lie below one of ours, which is deleted at the end with all its content. The server's
own nodes stay, for it may serve a volume that the user mounted.
"""

from __future__ import annotations

from beacon.model.run import Check
from beacon.workloads.answers import run_and_clean
from beacon.workloads.checks import Deadline
from beacon.workloads.clients import require
from beacon.workloads.interface import Endpoint, Workload
from beacon.workloads.reach import ZOOKEEPER_PORTS, choose_port, unreachable
from beacon.workloads.wire import Peer

#: Seconds kept back from the checks, so that the server is left clean when they take too long.
_CLEANING = 3.0


class ZookeeperWorkload(Workload):
    """ZooKeeper on port 2181 or the container's first port; with or without TLS."""

    name = "zookeeper"

    def __init__(self) -> None:
        require("kazoo", "zookeeper")

    def drive(self, endpoint: Endpoint, timeout: float) -> tuple[Check, ...]:
        """Use the server in every way we know and leave it as it was."""
        # these need kazoo
        from beacon.workloads.zookeeper import (
            admin,
            clients,
            nodes,
            recipes,
            rights,
            sessions,
            words,
        )
        from beacon.workloads.zookeeper.server import CLEANING, Server

        checks = {
            **sessions.BEFORE,
            **words.CHECKS,
            **nodes.CHECKS,
            **rights.CHECKS,
            **recipes.CHECKS,
            **clients.CHECKS,
            **admin.CHECKS,
            **sessions.AFTER,
        }
        if endpoint.address is None:
            return unreachable((*checks, CLEANING))
        deadline = Deadline(timeout, endpoint.stop, keep=_CLEANING)
        peer = Peer(endpoint.address, choose_port(endpoint, ZOOKEEPER_PORTS), deadline)
        server = Server(peer, endpoint.env, endpoint.ports)
        return run_and_clean(checks, {CLEANING: Server.clean}, server, deadline)
