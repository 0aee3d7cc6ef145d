"""Drives a memcached server: its three protocols, its statistics, and clients that misbehave.

All keys carry one prefix and are deleted at the end; settings are put back. What else the server
holds stays, but for what has to go when memory is scarce.
"""

from __future__ import annotations

from beacon.workloads.interface import Endpoint
from beacon.workloads.net import Peer
from beacon.workloads.suite_workload import SuiteWorkload
from beacon_catalogue.memcached import SERVICE
from beacon_catalogue.memcached.checks import SUITE
from beacon_catalogue.memcached.manner import find
from beacon_catalogue.memcached.server import Server


def _connect(peer: Peer, endpoint: Endpoint) -> Server:
    """With or without TLS and SASL."""
    return Server(peer, find(peer), endpoint.env)


WORKLOAD = SuiteWorkload("memcached", SUITE, _connect, ports=SERVICE.ports, cleaning=3.0)
