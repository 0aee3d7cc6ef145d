"""Drives an LDAP directory: what it tells anybody, entries of an account, and odd clients.

Name and password are the container's BEACON_LDAP_DN and BEACON_LDAP_PASSWORD. All entries lie
below one of ours, which is deleted at the end.
"""

from __future__ import annotations

from beacon.workloads.interface import Endpoint
from beacon.workloads.net import Peer
from beacon.workloads.suite import Suite
from beacon.workloads.suite_workload import SuiteWorkload
from beacon_catalogue.ldap import SERVICE, asking, bad_clients, entries
from beacon_catalogue.ldap.directory import Directory

SUITE = Suite(part.SUITE for part in (asking, entries, bad_clients))
SUITE.cleaning("cleaning up")(Directory.clean)


def _connect(peer: Peer, endpoint: Endpoint) -> Directory:
    """With the account that the container's environment names."""
    return Directory(peer, endpoint.env, endpoint.ports)


WORKLOAD = SuiteWorkload(
    "ldap",
    SUITE,
    _connect,
    ports=SERVICE.ports,
    tls_ports=SERVICE.tls_ports,
    may_be_secure=True,
    cleaning=3.0,
)
