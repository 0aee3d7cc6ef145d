"""Drives an etcd server by its JSON gateway: keys, leases, watches, maintenance, and odd clients.

All keys carry one prefix and are deleted at the end. An account is the container's BEACON_ETCD_USER
and BEACON_ETCD_PASSWORD, or root and ETCD_ROOT_PASSWORD.
"""

from __future__ import annotations

from beacon.workloads.interface import Endpoint
from beacon.workloads.net import Peer
from beacon.workloads.suite import Suite
from beacon.workloads.suite_workload import SuiteWorkload
from beacon_catalogue.etcd import SERVICE, keys, telling
from beacon_catalogue.etcd.store import Store, detect_transport

SUITE = Suite(part.SUITE for part in (keys, telling))
SUITE.cleaning("cleaning up")(Store.clean)


def _connect(peer: Peer, endpoint: Endpoint) -> Store:
    """With the account that the container's environment names; by TLS where that is wanted."""
    return Store(detect_transport(peer), endpoint.env, endpoint.ports)


WORKLOAD = SuiteWorkload("etcd", SUITE, _connect, ports=SERVICE.ports, cleaning=3.0)
