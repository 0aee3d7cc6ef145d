"""Which known CVEs a set of allowed events leaves open, and through what."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from beacon.model.cve import Cve
from beacon.model.event import Event, sort_key
from beacon.scoring.security import Candidates, routes


class Exposure(msgspec.Struct, frozen=True):
    """A CVE under a policy. `through`: what serves the first open route; empty when stopped."""

    cve: Cve
    through: tuple[Event, ...]

    @property
    def stopped(self) -> bool:
        """Whether no known route is left."""
        return not self.through


def exposures(events: Iterable[Event], cves: Iterable[Cve]) -> list[Exposure]:
    """Each CVE under a policy that allows these events, the worst first.

    Those that no system-call policy can stop, and those that no container on x86-64 reaches, are
    left out.
    """
    candidates = Candidates(events)
    found = [Exposure(cve, _first(routes(cve, candidates))) for cve in cves if cve.counts]
    return sorted(found, key=lambda each: (-_base(each.cve), each.cve.id))


def _first(open_routes: Sequence[tuple[frozenset[Event], ...]]) -> tuple[Event, ...]:
    if not open_routes:
        return ()
    needs = min(open_routes, key=len)
    return tuple(dict.fromkeys(min(serving, key=sort_key) for serving in needs))


def _base(cve: Cve) -> float:
    return cve.cvss.base_score if cve.cvss else 0.0
