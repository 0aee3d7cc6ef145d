"""A workload of two: any web server's checks first, then those of the application behind it."""

from __future__ import annotations

from beacon.model.run import Check
from beacon.workloads.checks import Deadline
from beacon.workloads.interface import Endpoint, Workload
from beacon_catalogue.http.workload import WORKLOAD as PAGES

#: The web server's part of the time; the rest is kept for the application.
_SHARE = 0.6


class AfterPages(Workload):
    """Asks for pages as `http` does, then drives by `application`, whose name it has."""

    def __init__(self, application: Workload) -> None:
        self.name = application.name
        self._application = application

    def drive(self, endpoint: Endpoint, timeout: float) -> tuple[Check, ...]:
        """Both, for at most `timeout` seconds together."""
        whole = Deadline(timeout, endpoint.stop)
        pages = PAGES.drive(endpoint, timeout * _SHARE)
        return (*pages, *self._application.drive(endpoint, whole.left(timeout)))
