"""What two profiles or policies differ in, weighed by risk."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from beacon.model.cve import Cve
from beacon.model.event import Event, sort_key
from beacon.model.score import Score
from beacon.scoring.security import SecurityScorer


class Change(msgspec.Struct, frozen=True):
    """An event that only one side has. `security`: what its denial buys, given both sides."""

    event: Event
    added: bool
    security: Score


def changes(before: frozenset[Event], after: frozenset[Event], cves: Iterable[Cve]) -> list[Change]:
    """The events that only one side has, the riskiest first."""
    security = SecurityScorer(cves, before | after)
    found = [Change(each, each in after, security.score(each)) for each in before ^ after]
    return sorted(found, key=lambda each: (-each.security.value, sort_key(each.event)))
