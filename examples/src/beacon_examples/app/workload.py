"""Drives a demo application: as any web server first, then by all that its API offers.

The API is what the applications of the images node, python and tomcat have in common; whatever
else answers alike can be driven, too.
"""

from __future__ import annotations

from beacon.workloads.interface import Endpoint
from beacon.workloads.net import Peer
from beacon.workloads.suite import Suite
from beacon.workloads.suite_workload import SuiteWorkload
from beacon_examples.after_pages import AfterPages
from beacon_examples.app import SERVICE, clients, keeping, messages, outside, requests, work
from beacon_examples.app.application import Application

_PARTS = (requests, keeping, work, outside, messages, clients)
_API = Suite(part.SUITE for part in _PARTS)
_API.cleaning("cleaning up")(Application.clean)
#: The names begin so that no page's check is called alike.
SUITE = Suite((_API,), prefix="app: ")


def _connect(peer: Peer, endpoint: Endpoint) -> Application:
    return Application(peer)


WORKLOAD = AfterPages(SuiteWorkload("app", SUITE, _connect, ports=SERVICE.ports, cleaning=2.0))
