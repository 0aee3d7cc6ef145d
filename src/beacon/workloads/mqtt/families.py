"""All checks of the MQTT workload, in the order in which they run."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from beacon.workloads.mqtt import delivery, doors, keeping, strangers, version5
from beacon.workloads.mqtt.broker import CLEANING, Broker

_FAMILIES = (delivery, keeping, version5, strangers, doors)

CHECKS: Mapping[str, Callable[[Broker], str | None]] = {
    name: check for family in _FAMILIES for name, check in family.CHECKS.items()
}
CLEAN: Mapping[str, Callable[[Broker], str | None]] = {CLEANING: keeping.clean}
