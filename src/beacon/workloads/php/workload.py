"""Drives PHP: as any web server first, then by the demo application's own pages.

The application is images/php/app; without it in the container its checks fail.
"""

from __future__ import annotations

from beacon.model.run import Check
from beacon.workloads.answers import run_and_clean
from beacon.workloads.checks import Deadline
from beacon.workloads.clients import require
from beacon.workloads.http.workload import HttpWorkload, site_of
from beacon.workloads.interface import Endpoint, Workload
from beacon.workloads.reach import unreachable

#: The web server's part of the time; the rest is kept for the application.
_SHARE = 0.6
#: Seconds kept back from the checks, so that the application's folder goes.
_CLEANING = 2.0
#: Before our names, since the web server's checks have similar ones.
_PREFIX = "app: "
_CLEAN = f"{_PREFIX}cleaning up"


class PhpWorkload(Workload):
    """HTTP and the demo application; MissingClientError without httpx."""

    name = "php"

    def __init__(self) -> None:
        require("httpx", self.name)
        self._http = HttpWorkload()

    def drive(self, endpoint: Endpoint, timeout: float) -> tuple[Check, ...]:
        """Ask for pages, use the application, and leave no file of it behind."""
        whole = Deadline(timeout, endpoint.stop)
        pages = self._http.drive(endpoint, timeout * _SHARE)
        return (*pages, *_use(endpoint, whole.left(timeout)))


def _use(endpoint: Endpoint, seconds: float) -> tuple[Check, ...]:
    from beacon.workloads.php import dialogues, facts  # need httpx

    families = (facts, dialogues)
    checks = {f"{_PREFIX}{name}": check for part in families for name, check in part.CHECKS.items()}
    if endpoint.address is None:
        return unreachable((*checks, _CLEAN))
    deadline = Deadline(seconds, endpoint.stop, keep=_CLEANING)
    site = site_of(endpoint, endpoint.address, deadline)
    return run_and_clean(checks, {_CLEAN: dialogues.clean}, site, deadline)
