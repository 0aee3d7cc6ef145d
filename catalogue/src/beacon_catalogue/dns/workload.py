"""Drives a name server: what every server answers or refuses, the records of a name, odd clients.

The container's BEACON_DNS_NAME is a name that it has records of. Nothing is asked with recursion,
so that nobody else is asked for us.
"""

from __future__ import annotations

from beacon.workloads.interface import Endpoint
from beacon.workloads.net import Peer
from beacon.workloads.suite import Suite
from beacon.workloads.suite_workload import SuiteWorkload
from beacon_catalogue.dns import SERVICE, bad_clients, queries
from beacon_catalogue.dns.server import Server

SUITE = Suite((queries.SUITE, bad_clients.SUITE))


def _connect(peer: Peer, endpoint: Endpoint) -> Server:
    return Server(peer, endpoint.env)


WORKLOAD = SuiteWorkload(SERVICE.workload, SUITE, _connect, ports=SERVICE.ports, udp=True)
