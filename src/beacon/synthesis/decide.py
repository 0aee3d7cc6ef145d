"""Weighs what every event does for the container against what its denial buys."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from beacon.data.families import Family, families
from beacon.model.cve import Cve
from beacon.model.decision import Decision
from beacon.model.event import Event, Syscall, order, read
from beacon.model.intent import Intent
from beacon.model.run import Run
from beacon.model.score import Reason, Score
from beacon.scoring.functionality import Functionality
from beacon.scoring.security import Security

_INFERRED = 0.5  # of the functionality of what was seen


def decide(runs: Sequence[Run], intent: Intent, cves: Iterable[Cve]) -> list[Decision]:
    """One decision for each event that was seen, inferred or pinned; sorted by name."""
    counted = [run for run in runs if not intent.ignores(run.environment)]
    use = Functionality(counted, intent)
    seen = use.events()
    inferred = dict(_inferred(seen))
    candidates = seen | frozenset(inferred) | frozenset(intent.allow)
    security = Security(cves, candidates)

    def decided(event: Event) -> Decision:
        family, sources = inferred.get(event, (None, ()))
        functionality = use.score(event)
        if family is not None:
            functionality = _by_family(family, sources, use)
        scores = security.score(event), functionality
        floor = intent.floor and use.needed_to_start(event)
        because, allowed = _verdict(event, *scores, intent, floor=floor)
        return Decision(event, allowed, *scores, because, family.why if family else None)

    return [decided(event) for event in sorted(candidates, key=order)]


def _verdict(
    event: Event, security: Score, functionality: Score, intent: Intent, *, floor: bool
) -> tuple[str, bool]:
    if event in intent.deny:
        return "pinned: always denied", False
    if event in intent.allow:
        return "pinned: always allowed", True
    if floor:
        return "needed to become ready", True
    gain, price = intent.functionality * functionality.value, intent.security * security.value
    allowed = gain >= price
    sides = (
        f"functionality {intent.functionality:g} * {functionality.value:.2f}",
        f"security {intent.security:g} * {security.value:.2f}",
    )
    return (" >= " if allowed else " < ").join(sides), allowed


def _inferred(seen: frozenset[Event]) -> Iterator[tuple[Event, tuple[Family, tuple[Event, ...]]]]:
    calls = sorted((event for event in seen if isinstance(event, Syscall)), key=order)
    for family in families():
        for abi in sorted({call.abi for call in calls}):
            sources = tuple(c for c in calls if c.abi == abi and _is_any_of(c, family.seen))
            for spelt in family.then if sources else ():
                call = msgspec.structs.replace(read(spelt), abi=abi)
                if not {call, msgspec.structs.replace(call, argument=None)} & seen:
                    yield call, (family, sources)


def _is_any_of(call: Syscall, spelt: Sequence[str]) -> bool:
    return call.name in spelt or f"{call.name}({call.argument})" in spelt


def _by_family(family: Family, sources: Sequence[Event], use: Functionality) -> Score:
    best = max(use.score(source).value for source in sources)
    value = best if family.certain else _INFERRED * best
    names = ", ".join(sorted({source.name for source in sources}))
    return Score(value, (Reason(value, f"inferred from {names}: {family.why}"),))
