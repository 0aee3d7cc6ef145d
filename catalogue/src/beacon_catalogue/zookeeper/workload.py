"""Drives a ZooKeeper server: nodes, sessions, watches, recipes, rights, and what it tells.

All nodes lie below one of ours, which is deleted at the end with all its content. The server's
own nodes stay, for it may serve a volume that the user mounted.
"""

from __future__ import annotations

from beacon.workloads.interface import Endpoint
from beacon.workloads.net import Peer
from beacon.workloads.suite import Suite
from beacon.workloads.suite_workload import SuiteWorkload
from beacon_catalogue.zookeeper import (
    SERVICE,
    admin,
    clients,
    nodes,
    recipes,
    rights,
    sessions,
    words,
)
from beacon_catalogue.zookeeper.server import Server

SUITE = Suite(
    (
        sessions.BEFORE,
        words.SUITE,
        nodes.SUITE,
        rights.SUITE,
        recipes.SUITE,
        clients.SUITE,
        admin.SUITE,
        sessions.AFTER,
    )
)
SUITE.cleaning("cleaning up")(Server.clean)


def _connect(peer: Peer, endpoint: Endpoint) -> Server:
    """With or without TLS."""
    return Server(peer, endpoint.env, endpoint.ports)


WORKLOAD = SuiteWorkload("zookeeper", SUITE, _connect, ports=SERVICE.ports, cleaning=3.0)
