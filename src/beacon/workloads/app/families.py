"""All that is tried on an application; the names begin so that no page's check is called alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from beacon.workloads.app import clients, keeping, messages, outside, requests, work
from beacon.workloads.app.application import Application

_PREFIX = "app: "
_FAMILIES = (requests, keeping, work, outside, messages, clients)

CHECKS: Mapping[str, Callable[[Application], str | None]] = {
    f"{_PREFIX}{name}": check for family in _FAMILIES for name, check in family.CHECKS.items()
}
CLEAN: Mapping[str, Callable[[Application], str | None]] = {
    f"{_PREFIX}cleaning up": Application.clean
}
