"""Drives a gRPC server: health, reflection, calls that fail as they must, and odd clients.

Nothing but the standard services is called: what else a server does is its own.
"""

from __future__ import annotations

from beacon.workloads.interface import Endpoint
from beacon.workloads.net import Peer
from beacon.workloads.suite import Suite
from beacon.workloads.suite_workload import SuiteWorkload
from beacon_catalogue.grpc import SERVICE, bad_clients, services
from beacon_catalogue.grpc.services import Server
from beacon_catalogue.grpc.transport import detect_transport

SUITE = Suite(part.SUITE for part in (services, bad_clients))


def _connect(peer: Peer, _: Endpoint) -> Server:
    """With or without TLS."""
    return Server(detect_transport(peer))


WORKLOAD = SuiteWorkload("grpc", SUITE, _connect, ports=SERVICE.ports)
