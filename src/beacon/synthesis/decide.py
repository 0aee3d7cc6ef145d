"""Weighs what every event does for the container against what its denial buys."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence, Set
from typing import NamedTuple

from beacon.data.families import Family, families
from beacon.data.kernel import tables
from beacon.model.cve import Cve
from beacon.model.decision import Decision
from beacon.model.event import Abi, Event, Syscall, order, read, whole
from beacon.model.intent import Intent
from beacon.model.run import Run
from beacon.model.score import Reason, Score
from beacon.scoring.functionality import Functionality
from beacon.scoring.security import Security

_INFERRED = 0.5  # of the functionality of what was seen
_LENT = "used only where the environment adds it: add it there yourself"
#: Why an event is inferred, and from what was seen.
_Source = tuple[Family, tuple[Event, ...]]


def decide(
    runs: Sequence[Run],
    intent: Intent,
    cves: Iterable[Cve],
    lent: Set[Event] = frozenset(),
) -> list[Decision]:
    """One decision for each event that was seen, inferred or pinned as allowed; sorted by name.

    What is `lent` was used only where an environment granted it itself. Those that do most for the
    container are decided first, for what is allowed already changes what the denial of others buys.
    So raising the weight of security never lets an event in, and raising that of functionality
    never drops one.
    """
    use = Functionality([run for run in runs if not intent.ignores(run.environment)], intent)
    seen = use.events()
    sources = _sources(use)
    candidates = seen | frozenset(sources) | frozenset(intent.allow)
    worth = {event: _worth(event, sources.get(event, ()), use, lent) for event in candidates}
    fixed = {event: _fixed(event, worth[event], intent) for event in candidates}
    # What is denied in any case opens nothing to anybody.
    security = Security(cves, frozenset(e for e in candidates if fixed[e] is not False))
    kept = {event for event in candidates if fixed[event]}
    decisions: dict[Event, Decision] = {}
    for event in sorted(candidates, key=lambda each: (-worth[each].score.value, order(each))):
        scores = security.score(event, kept - {event}), worth[event].score
        because, allowed = _verdict(event, worth[event], scores[0], intent)
        if allowed:
            kept.add(event)
        why = sources[event][0][0].why if event not in seen and event in sources else None
        decisions[event] = Decision(event, allowed, *scores, because, why)
    return [decisions[event] for event in sorted(decisions, key=order)]


class _Worth(NamedTuple):
    """An event's functionality; `floor`: the container does not become ready without it."""

    score: Score
    floor: bool
    lent: bool = False


def _worth(
    event: Event, sources: Sequence[_Source], use: Functionality, lent: Set[Event]
) -> _Worth:
    """The best of what it was seen to do and what its families say."""
    own = _Worth(use.score(event), use.needed_to_start(event), event in lent)
    return max([own, *(_by_family(*source, use) for source in sources)], key=_rank)


def _by_family(family: Family, seen: Sequence[Event], use: Functionality) -> _Worth:
    best = max(use.score(each).value for each in seen)
    value = best if family.certain else _INFERRED * best
    names = ", ".join(sorted({each.name for each in seen}))
    floor = family.certain and any(use.needed_to_start(each) for each in seen)
    return _Worth(Score(value, (Reason(value, f"inferred from {names}: {family.why}"),)), floor)


def _rank(worth: _Worth) -> tuple[bool, float]:
    return worth.floor, worth.score.value


def _fixed(event: Event, worth: _Worth, intent: Intent) -> bool | None:
    """What is decided whatever the scores are."""
    pin = intent.pin(event)
    if pin is not None:
        return pin
    if worth.lent:
        return False
    return True if intent.floor and worth.floor else None


def _verdict(event: Event, worth: _Worth, security: Score, intent: Intent) -> tuple[str, bool]:
    fixed = _fixed(event, worth, intent)
    if fixed is not None:
        if intent.pin(event) is None:
            return _LENT if worth.lent else "needed to become ready", fixed
        return f"pinned: always {'allowed' if fixed else 'denied'}", fixed
    gain = intent.functionality * worth.score.value
    allowed = gain >= intent.security * security.value
    sides = (
        f"functionality {intent.functionality:g} * {worth.score.value:.2f}",
        f"security {intent.security:g} * {security.value:.2f}",
    )
    return (" >= " if allowed else " < ").join(sides), allowed


def _sources(use: Functionality) -> dict[Event, list[_Source]]:
    """What families say of events that were not seen, and of those that are certain to come."""
    seen, own = use.events(), {event.name for event in use.own_events()}
    calls = sorted((event for event in seen if isinstance(event, Syscall)), key=order)
    found: dict[Event, list[_Source]] = defaultdict(list)
    for family in (each for each in families() if own.isdisjoint(each.unless)):
        for abi in sorted({call.abi for call in calls}):
            sources = tuple(c for c in calls if c.abi == abi and family.follows(c))
            for call in _then(family, abi) if sources else ():
                covered = call.argument is not None and whole(call) in seen
                if not covered and (family.certain or call not in seen):
                    found[call].append((family, sources))
    return found


def _then(family: Family, abi: Abi) -> Iterator[Syscall]:
    for event in map(read, family.then):
        if isinstance(event, Syscall) and event.name in tables().syscalls[abi]:
            # i386 passes its arguments in other registers: its calls have no argument classes.
            yield Syscall(event.name, abi, None if abi is Abi.I386 else event.argument)
