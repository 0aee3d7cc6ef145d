"""No workload: a container that only starts, idles and stops."""

from __future__ import annotations

from collections.abc import Sequence

from beacon.model.run import NO_WORKLOAD, Check
from beacon.workloads.interface import Endpoint, Workload


class NoWorkload(Workload):
    """Tries nothing."""

    name = NO_WORKLOAD

    def drive(self, endpoint: Endpoint, timeout: float) -> tuple[Check, ...]:
        """Return no checks."""
        return ()

    def reached(self, endpoint: Endpoint, checks: Sequence[Check]) -> frozenset[str] | None:
        """Nothing."""
        return frozenset()
