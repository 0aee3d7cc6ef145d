"""All checks of the AMQP workload, in the order in which they run."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from beacon.workloads.amqp import (
    consumers,
    doors,
    exchanges,
    keeping,
    limits,
    messages,
    odd,
    queues,
    strangers,
)
from beacon.workloads.amqp.broker import CLEANING, Broker

_FAMILIES = (queues, limits, exchanges, messages, keeping, consumers, strangers, odd, doors)

CHECKS: Mapping[str, Callable[[Broker], str | None]] = {
    name: check for family in _FAMILIES for name, check in family.CHECKS.items()
}
CLEAN: Mapping[str, Callable[[Broker], str | None]] = {CLEANING: Broker.clean}
