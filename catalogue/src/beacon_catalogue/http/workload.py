"""Drives a web server whose pages we do not know; compares content, never status codes alone.

A server that may not call sendfile answers 200 with an empty body: only the body tells.
"""

from __future__ import annotations

import time
from contextlib import suppress

from beacon.workloads.checks import AnswerError, Deadline
from beacon.workloads.interface import Endpoint
from beacon.workloads.net import Peer
from beacon.workloads.suite import Suite
from beacon.workloads.suite_workload import SuiteWorkload
from beacon_catalogue.http import (
    SERVICE,
    content,
    crowd,
    forms,
    malformed,
    methods,
    negotiation,
    openapi,
    pages,
    tls,
    upgrade,
    uploads,
    websockets,
    wire,
)
from beacon_catalogue.http.site import Site

#: Seconds between two questions to a server that has not answered.
_PAUSE = 0.25
#: Seconds that it gets to answer again.
_RECOVERY = 6.0

#: What an application offers comes last: a fuzzed one may not be what it was.
_PARTS = (
    *(content, negotiation, methods, wire, malformed, uploads, upgrade, crowd, tls),
    *(pages, forms, websockets, openapi),
)
SUITE = Suite(part.SUITE for part in _PARTS)


def site_of(peer: Peer, endpoint: Endpoint) -> Site:
    """The web server at `peer`, which may speak TLS at other ports of the container."""
    tls_ports = tuple(port for port in SERVICE.tls_ports if port in endpoint.ports)
    return Site(peer, endpoint.container, tls_ports)


def _recover(site: Site) -> None:
    """Ask for the page until it comes: workers may still be held by connections that are gone."""
    own = Deadline(site.deadline.left(_RECOVERY), site.deadline.stop)
    while own.left(1.0) > 0:
        with suppress(Exception):  # whatever it answers meanwhile
            site.ask("GET", "/")
            return
        time.sleep(own.left(_PAUSE))
    raise AnswerError("it does not answer again")


WORKLOAD = SuiteWorkload(
    "http",
    SUITE,
    site_of,
    ports=SERVICE.ports,
    tls_ports=SERVICE.tls_ports,
    may_be_secure=True,
    recover=_recover,
)
