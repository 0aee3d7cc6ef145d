"""Drives a container registry by the OCI distribution protocol, compares every byte.

All that is pushed lies under `beacon-check/` and is the same in every run. It is deleted at the
end where the registry deletes; the names of repositories stay, for no registry forgets one.
"""

from __future__ import annotations

from functools import partial

from beacon.model.run import Check
from beacon.workloads.checks import Deadline, run_all
from beacon.workloads.clients import require
from beacon.workloads.interface import Endpoint, Workload
from beacon.workloads.reach import REGISTRY_PORTS, choose_port, unreachable
from beacon.workloads.wire import Peer

#: Seconds kept back from the checks, so that the registry is left clean when they take too long.
_CLEANING = 3.0


class RegistryWorkload(Workload):
    """A registry on port 5000 or the container's first port; MissingClientError without httpx.

    Its password, if it wants one, is in BEACON_REGISTRY_USER and BEACON_REGISTRY_PASSWORD of the
    container's environment.
    """

    name = "registry"

    def __init__(self) -> None:
        require("httpx", "registry")

    def drive(self, endpoint: Endpoint, timeout: float) -> tuple[Check, ...]:
        """Push and pull in every way we know, misbehave, and delete what was pushed."""
        # these need httpx
        from beacon.workloads.registry_v2 import lists, manifests, odd, pulls, uploads
        from beacon.workloads.registry_v2.hub import Hub

        families = (odd, uploads, pulls, manifests, lists)
        checks = {name: check for family in families for name, check in family.CHECKS.items()}
        if endpoint.address is None:
            return unreachable((*checks, lists.CLEANING))
        deadline = Deadline(timeout, endpoint.stop, keep=_CLEANING)
        port = choose_port(endpoint, REGISTRY_PORTS)
        hub = Hub(Peer(endpoint.address, port, deadline), endpoint)
        try:
            done = run_all({name: partial(check, hub) for name, check in checks.items()}, deadline)
        finally:  # an interrupted run must not leave blobs in a user's volume either
            hub.peer = Peer(endpoint.address, port, Deadline(deadline.kept_back, endpoint.stop))
            cleaned = run_all({lists.CLEANING: partial(lists.clean, hub)}, hub.peer.deadline)
        return done + cleaned
