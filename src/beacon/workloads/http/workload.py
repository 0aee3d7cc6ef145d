"""Drives a web server whose pages we do not know; compares content, never status codes alone.

A server that may not call sendfile answers 200 with an empty body: only the body tells.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from ipaddress import ip_address
from typing import TYPE_CHECKING

from beacon.model.run import Check
from beacon.workloads.checks import Deadline, run_all
from beacon.workloads.clients import require
from beacon.workloads.http.peer import TLS_PORTS, TlsPeer
from beacon.workloads.interface import Endpoint, Workload
from beacon.workloads.reach import HTTP_PORTS, choose_port, unreachable
from beacon.workloads.wire import Peer

if TYPE_CHECKING:
    from beacon.workloads.http.site import Site


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
        return run_all(attempts, site.deadline)

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


def site_of(endpoint: Endpoint, address: str, deadline: Deadline) -> Site:
    """The web server on the likeliest of a container's ports."""
    from beacon.workloads.http.site import Site  # needs httpx

    port = choose_port(endpoint, (*HTTP_PORTS, *TLS_PORTS))
    peer = (TlsPeer if port in TLS_PORTS else Peer)(address, port, deadline)
    return Site(peer, endpoint.container, _tls_ports(endpoint, address))


def _tls_ports(endpoint: Endpoint, address: str) -> tuple[int, ...]:
    """Where TLS may be spoken: images seldom say so, but on loopback other ports are the host's."""
    if ip_address(address).is_loopback:
        return tuple(port for port in TLS_PORTS if port in endpoint.ports)
    return TLS_PORTS
