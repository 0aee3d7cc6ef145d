"""Drives a NATS server: messages of every kind, what it tells of itself, and odd clients.

The account is the container's NATS_USER and NATS_PASSWORD, or NATS_TOKEN. All subjects carry one
prefix; a stream of ours lives in memory and is deleted at once.
"""

from __future__ import annotations

from beacon.workloads.interface import Endpoint
from beacon.workloads.net import Peer
from beacon.workloads.suite import Suite
from beacon.workloads.suite_workload import SuiteWorkload
from beacon_catalogue.nats import SERVICE, bad_clients, messages
from beacon_catalogue.nats.server import Server

SUITE = Suite(part.SUITE for part in (messages, bad_clients))


def _connect(peer: Peer, endpoint: Endpoint) -> Server:
    """With the account that the container's environment names."""
    return Server(peer, endpoint.env, endpoint.ports)


WORKLOAD = SuiteWorkload("nats", SUITE, _connect, ports=SERVICE.ports)
