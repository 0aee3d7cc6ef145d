"""Drives a web server whose pages we do not know; compares content, never status codes alone.

A server that may not call sendfile answers 200 with an empty body: only the body tells.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from beacon.model.run import Check
from beacon.workloads.checks import AnswerError, Deadline, run_all
from beacon.workloads.clients import require
from beacon.workloads.http.peer import TlsPeer
from beacon.workloads.interface import Endpoint, Workload
from beacon.workloads.reach import HABITS, TLS_PORTS, choose_port, unreachable
from beacon.workloads.wire import Peer

if TYPE_CHECKING:
    from beacon.workloads.http.site import Site

#: Seconds between two questions to a server that has not answered.
_PAUSE = 0.25
#: Seconds that it gets to answer again.
_RECOVERY = 6.0


class HttpWorkload(Workload):
    """HTTP/1.1 and what else the likeliest of the container's ports speaks.

    MissingClientError without httpx and its HTTP/2.
    """

    name = "http"

    def __init__(self) -> None:
        require("httpx", "http")
        require("h2", "http")

    def drive(self, endpoint: Endpoint, timeout: float) -> tuple[Check, ...]:
        """Ask for the page in every way we know, then misbehave and ask again."""
        checks = self.checks()
        if endpoint.address is None:
            return unreachable(checks)
        site = site_of(endpoint, endpoint.address, Deadline(timeout, endpoint.stop))
        attempts = {name: partial(check, site) for name, check in checks.items()}
        return run_all(attempts, site.deadline, recovery=partial(_recovered, site))

    def checks(self) -> Mapping[str, Callable[[Site], str | None]]:
        """What is tried, by name; for workloads that add to it."""
        # these need httpx
        from beacon.workloads.http import (
            content,
            crowd,
            malformed,
            methods,
            negotiation,
            tls,
            upgrade,
            uploads,
            wire,
        )

        families = (content, negotiation, methods, wire, malformed, uploads, upgrade, crowd, tls)
        return {name: check for family in families for name, check in family.CHECKS.items()}


def _recovered(site: Site) -> None:
    """Ask for the page until it comes: workers may still be held by connections that are gone."""
    own = Deadline(site.deadline.left(_RECOVERY), site.deadline.stop)
    while own.left(1.0) > 0:
        with suppress(Exception):  # whatever it answers meanwhile
            site.ask("GET", "/")
            return
        time.sleep(own.left(_PAUSE))
    raise AnswerError("it does not answer again")


def site_of(endpoint: Endpoint, address: str, deadline: Deadline) -> Site:
    """The web server on the likeliest of a container's ports."""
    from beacon.workloads.http.site import Site  # needs httpx

    port = choose_port(endpoint, HABITS[HttpWorkload.name])
    peer = (TlsPeer if port in TLS_PORTS else Peer)(address, port, deadline)
    tls_ports = tuple(port for port in TLS_PORTS if port in endpoint.ports)
    return Site(peer, endpoint.container, tls_ports)
