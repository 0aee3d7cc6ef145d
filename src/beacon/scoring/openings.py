"""Which known CVEs further events open, beside those that are allowed already."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Set

from beacon.model.cve import Cve
from beacon.model.event import Event
from beacon.scoring.security import Candidates, Route, routes


class Openings:
    """The ways to every CVE that any subset of `events` leaves open."""

    def __init__(self, cves: Iterable[Cve], events: Iterable[Event]) -> None:
        candidates = Candidates(events)
        self._ways: list[tuple[Cve, list[Route]]] = []
        self._by_event: dict[Event, list[int]] = defaultdict(list)
        for cve in (each for each in cves if each.counts):
            if found := routes(cve, candidates):
                for event in frozenset[Event]().union(*(part for way in found for part in way)):
                    self._by_event[event].append(len(self._ways))
                self._ways.append((cve, found))

    def opened_by(self, event: Event, allowed: Set[Event]) -> list[Cve]:
        """The CVEs that are stopped while these are allowed and open with the event as well."""
        more = allowed | {event}
        ways = (self._ways[place] for place in self._by_event.get(event, ()))
        return [
            cve for cve, found in ways if _is_open(found, more) and not _is_open(found, allowed)
        ]

    def apart_from(self, added: Set[Event], kept: Set[Event], possible: Set[Event]) -> set[Event]:
        """Those of `added` that take no part in a way to a CVE that `kept` alone stops.

        A way counts when `possible` and all of `added` leave it open: so fewer are left, never
        more, when less is kept.
        """
        everything, left = possible | added, set(added)
        for _, found in self._ways:
            if not _is_open(found, kept):
                for way in (each for each in found if _is_open([each], everything)):
                    for serving in (part for part in way if part.isdisjoint(kept)):
                        left -= serving
        return left


def _is_open(found: Iterable[Route], allowed: Set[Event]) -> bool:
    return any(all(not part.isdisjoint(allowed) for part in way) for way in found)
