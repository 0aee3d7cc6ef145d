"""Drives a demo application: as any web server first, then by all that its API offers.

The API is what images/node/app, images/python/app and images/tomcat/app have in common; whatever
else answers alike can be driven, too.
"""

from __future__ import annotations

from beacon.model.run import Check
from beacon.workloads.answers import run_and_clean
from beacon.workloads.checks import Deadline
from beacon.workloads.clients import require
from beacon.workloads.http.workload import HttpWorkload
from beacon.workloads.interface import Endpoint, Workload
from beacon.workloads.reach import HTTP_PORTS, choose_port, unreachable
from beacon.workloads.wire import Peer

#: The web server's part of the time; the rest is kept for the application.
_SHARE = 0.6
#: Seconds kept back from the checks, so that no data of ours stays.
_CLEANING = 2.0


class AppWorkload(Workload):
    """HTTP and WebSocket; MissingClientError without httpx and websockets."""

    name = "app"

    def __init__(self) -> None:
        require("httpx", self.name)
        require("websockets", self.name)
        self._http = HttpWorkload()

    def drive(self, endpoint: Endpoint, timeout: float) -> tuple[Check, ...]:
        """Ask for pages, then use the API, and leave no data behind."""
        whole = Deadline(timeout, endpoint.stop)
        pages = self._http.drive(endpoint, timeout * _SHARE)
        return (*pages, *_use(endpoint, whole, timeout))


def _use(endpoint: Endpoint, whole: Deadline, timeout: float) -> tuple[Check, ...]:
    # these need httpx and websockets
    from beacon.workloads.app import families
    from beacon.workloads.app.application import Application

    if endpoint.address is None:
        return unreachable((*families.CHECKS, *families.CLEAN))
    application = Application(Peer(endpoint.address, choose_port(endpoint, HTTP_PORTS), whole))
    working = Deadline(whole.left(timeout), endpoint.stop, keep=_CLEANING)
    return run_and_clean(families.CHECKS, families.CLEAN, application, working)
