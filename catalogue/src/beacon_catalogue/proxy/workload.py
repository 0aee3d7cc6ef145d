"""Drives an HTTP proxy as its clients do; what it passes on goes to an origin of ours.

The origin listens at the address of this host that the container's network has, at a port of the
kernel's choice. A proxy that does not serve this host, or may not connect to it, fails.
"""

from __future__ import annotations

from beacon.workloads.interface import Endpoint
from beacon.workloads.net import Peer
from beacon.workloads.suite import Suite
from beacon.workloads.suite_workload import SuiteWorkload
from beacon_catalogue.proxy import SERVICE, odd, passing
from beacon_catalogue.proxy.client import Client

SUITE = Suite((passing.SUITE, odd.SUITE))


def _connect(peer: Peer, endpoint: Endpoint) -> Client:
    return Client(peer)


WORKLOAD = SuiteWorkload(SERVICE.workload, SUITE, _connect, ports=SERVICE.ports)
