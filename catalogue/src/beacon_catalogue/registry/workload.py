"""Drives a container registry by the OCI distribution protocol, compares every byte.

All that is pushed lies under `beacon-check/` and is the same in every run. It is deleted at the
end where the registry deletes; the names of repositories stay, for no registry forgets one.
"""

from __future__ import annotations

from dataclasses import replace

from beacon.workloads.checks import Deadline
from beacon.workloads.suite import Suite
from beacon.workloads.suite_workload import SuiteWorkload
from beacon_catalogue.registry import SERVICE, lists, manifests, odd, pulls, uploads
from beacon_catalogue.registry.hub import Hub

#: Seconds kept back from the checks, so that the registry is left clean when they take too long.
_CLEANING = 3.0

SUITE = Suite(part.SUITE for part in (odd, uploads, pulls, manifests, lists))


@SUITE.cleaning("cleaning up")
def _clean(hub: Hub) -> str:
    if hub.pushed:  # the checks' own deadline may have passed
        hub.peer = replace(hub.peer, deadline=Deadline(_CLEANING, hub.peer.deadline.stop))
    return lists.clean(hub)


WORKLOAD = SuiteWorkload("registry", SUITE, Hub, ports=SERVICE.ports, cleaning=_CLEANING)
