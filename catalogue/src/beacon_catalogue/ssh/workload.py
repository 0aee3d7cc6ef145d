"""Drives an SSH server: how keys are exchanged, what an account may do, and odd clients.

Name and password are the container's BEACON_SSH_USER and BEACON_SSH_PASSWORD; without them only
what needs no account is tried. Files lie in a folder of ours, which is deleted at the end.
"""

from __future__ import annotations

from beacon.workloads.interface import Endpoint
from beacon.workloads.net import Peer
from beacon.workloads.suite import Suite
from beacon.workloads.suite_workload import SuiteWorkload
from beacon_catalogue.ssh import SERVICE, bad_clients, files, forwarding, hello, programs
from beacon_catalogue.ssh.server import Server

SUITE = Suite(part.SUITE for part in (hello, programs, files, forwarding, bad_clients))
SUITE.cleaning("cleaning up")(files.clean)


def _connect(peer: Peer, endpoint: Endpoint) -> Server:
    """With the account that the container's environment names."""
    return Server(peer, endpoint.env)


WORKLOAD = SuiteWorkload("ssh", SUITE, _connect, ports=SERVICE.ports, cleaning=3.0)
