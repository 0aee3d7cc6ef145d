"""A workload that drives from a process of its own: all that a hostile server can fill or crash."""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Sequence

from beacon.model.run import Check
from beacon.workloads.driver_process import Driver
from beacon.workloads.interface import Endpoint, Workload
from beacon.workloads.messages import Request
from beacon.workloads.ports import reached
from beacon.workloads.service import Service

#: Seconds that a drive may take longer than it was allowed to, on a busy host.
_LATE = 5.0


class ConfinedWorkload(Workload):
    """The workload of this service, driven with limits on time, memory and what is received.

    Its driver is started by the first drive, and ends with this object or with the process.
    """

    def __init__(self, service: Service) -> None:
        self.name = service.workload
        self._service = service
        self._lock = threading.Lock()
        self._driver: Driver | None = None

    def drive(self, endpoint: Endpoint, timeout: float) -> tuple[Check, ...]:
        """Drive in a process that is gone afterwards; a check that it does not answer has failed.

        WorkloadError if the workload's client cannot be loaded.
        """
        driver = self._living()
        request = Request(
            container=endpoint.container,
            address=endpoint.address,
            ports=endpoint.ports,
            env=dict(endpoint.env),
            timeout=timeout,
            udp_ports=endpoint.udp_ports,
        )
        with driver.fork() as fork:
            why = fork.ask(request, time.monotonic() + timeout + _LATE, endpoint.stop)
        return tuple(
            fork.checks.get(name) or Check(name, passed=False, detail=why) for name in driver.names
        )

    def reached(self, endpoint: Endpoint, checks: Sequence[Check]) -> frozenset[str] | None:
        """The server's port, and others that it drives where they are open."""
        return reached(self._service, endpoint, checks)

    def _living(self) -> Driver:
        with self._lock:
            if self._driver is None or not self._driver.alive():
                self._driver = Driver(self.name)
                weakref.finalize(self, self._driver.close)
            return self._driver
