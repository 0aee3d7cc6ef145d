"""Drives a web server whose pages we do not know; compares content, never status codes alone.

A server that may not call sendfile answers 200 with an empty body: only the body tells.
"""

from __future__ import annotations

from functools import partial

from beacon.model.run import Check
from beacon.workloads.checks import Deadline, run_all
from beacon.workloads.clients import require
from beacon.workloads.interface import Endpoint, Workload
from beacon.workloads.reach import HTTP_PORTS, choose_port, unreachable
from beacon.workloads.wire import Peer


class HttpWorkload(Workload):
    """HTTP/1.1 on the likeliest of the container's ports; MissingClientError without httpx."""

    name = "http"

    def __init__(self) -> None:
        require("httpx", "http")

    def drive(self, endpoint: Endpoint, timeout: float) -> tuple[Check, ...]:
        """Ask for the page in every way we know, then misbehave and ask again."""
        from beacon.workloads.http import content, wire  # need httpx
        from beacon.workloads.http.site import Site

        checks = {**content.CHECKS, **wire.CHECKS}
        if endpoint.address is None:
            return unreachable(checks)
        deadline = Deadline(timeout, endpoint.stop)
        peer = Peer(endpoint.address, choose_port(endpoint, HTTP_PORTS), deadline)
        site = Site(peer, endpoint.container)
        return run_all({name: partial(check, site) for name, check in checks.items()}, deadline)
