"""Weighs what every event does for the container against what its denial buys."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from types import MappingProxyType
from typing import NamedTuple

from beacon.data.fallbacks import has_fallback
from beacon.data.implied_syscalls import Implication, implications
from beacon.model.ablation import Ablation
from beacon.model.cve import Cve
from beacon.model.entry import Basis, Entry
from beacon.model.event import Event, Syscall, sort_key, without_argument
from beacon.model.intent import Intent
from beacon.model.run import Run
from beacon.model.score import Reason, Score
from beacon.scoring.functionality import (
    NEEDED_BY_RUNTIME,
    NEEDED_TO_START,
    UNNEEDED,
    FunctionalityScorer,
)
from beacon.scoring.security import SecurityScorer
from beacon.synthesis.pins import made_good

_INFERRED = 0.5  # of the functionality of what was seen
_WITHHELD = "the launch does not grant it: add it with --cap-add where it is needed"
#: Why an event is inferred, and from what was seen.
_Source = tuple[Implication, tuple[Event, ...]]


def decide(
    runs: Sequence[Run],
    intent: Intent,
    cves: Iterable[Cve],
    withheld: Set[Event] = frozenset(),
    runtimes: Mapping[Syscall, str] = MappingProxyType({}),
    ablation: Ablation | None = None,
) -> list[Entry]:
    """One entry for each event that was seen, inferred or pinned as allowed; sorted by name.

    What is `withheld` was used though the launch does not grant it. `runtimes` is what container
    runtimes call themselves, with the reason: without it no container starts. `ablation` is what
    was proved of each event, if anything. What is allowed
    changes what the denial of others buys, so those that do most for the container are decided
    first, and what was denied is looked at again until nothing changes: nothing is denied for a
    gain that something else nullifies. So raising the weight of security never lets an event in,
    and raising that of functionality never drops one.
    """
    counted = [run for run in runs if not intent.ignores(run.environment)]
    use = FunctionalityScorer(counted, intent, ablation)
    sources = _sources(use)
    floor = {call: why for call, why in runtimes.items() if not _is_covered(call, use.events())}
    candidates = use.events() | frozenset(sources) | frozenset(intent.allow) | frozenset(floor)
    abis = {event.abi for event in candidates if isinstance(event, Syscall)}
    removed = use.unneeded() - runtimes.keys() if intent.minimal else frozenset()
    fixed = _Fixed(intent, withheld, made_good(intent, candidates, abis), removed)
    worth = {event: _worth(event, sources.get(event, ()), use, fixed) for event in candidates}
    worth |= {call: _needed_by_runtime(why) for call, why in floor.items() if not worth[call].floor}
    verdicts = {event: fixed.verdict(event, worth[event]) for event in candidates}
    # What is denied in any case opens nothing to anybody.
    possible = frozenset(e for e in candidates if (found := verdicts[e]) is None or found.allowed)
    security = SecurityScorer(cves, possible)
    order_of_worth = sorted(candidates, key=lambda each: (-worth[each].score.value, sort_key(each)))
    decisions = _weigh(order_of_worth, worth, verdicts, intent, security)
    bases = _bases(use, sources, floor)
    entries = []
    for event, (verdict, scored) in sorted(decisions.items(), key=lambda item: sort_key(item[0])):
        basis, source = bases.get(event, (Basis.NAMED, None))
        entries.append(
            Entry(
                event=event,
                allowed=verdict.allowed,
                because=verdict.because,
                basis=basis,
                source=source,
                security=scored,
                functionality=worth[event].score,
                weighed=verdicts[event] is None,
            )
        )
    return entries


def _bases(
    use: FunctionalityScorer,
    sources: Mapping[Event, Sequence[_Source]],
    floor: Mapping[Syscall, str],
) -> dict[Event, tuple[Basis, str | None]]:
    """Why events are decided on, with the source of those that no run used; not of mere pins."""
    bases: dict[Event, tuple[Basis, str | None]] = {
        event: (Basis.INFERRED, found[0][0].why) for event, found in sources.items()
    }
    bases |= {call: (Basis.FLOOR, why) for call, why in floor.items()}
    return bases | dict.fromkeys(use.events(), (Basis.SEEN, None))


class _Verdict(NamedTuple):
    because: str
    allowed: bool


def _weigh(
    events: Sequence[Event],
    worth: Mapping[Event, _Worth],
    fixed: Mapping[Event, _Verdict | None],
    intent: Intent,
    security: SecurityScorer,
) -> dict[Event, tuple[_Verdict, Score]]:
    """Each event's verdict, and what its denial buys beside all that is allowed in the end.

    For what is allowed it is what the denial bought when it was let in. What is let in can only
    lower what the denial of others buys, so the rounds end, and with the same whatever the order.
    """
    kept = {event for event in events if (found := fixed[event]) is not None and found.allowed}
    decided: dict[Event, tuple[_Verdict, Score]] = {}
    waiting, before = events, -1
    while len(kept) > before:
        before = len(kept)
        for event in waiting:
            score = security.score(event, kept - {event})
            decided[event] = fixed[event] or _balance(worth[event].score, score, intent), score
            if decided[event][0].allowed:
                kept.add(event)
        waiting = [event for event in waiting if not decided[event][0].allowed]
    return decided


def _balance(functionality: Score, security: Score, intent: Intent) -> _Verdict:
    sides = functionality.value, security.value
    return _Verdict(intent.weighing(*sides), intent.allows(*sides))


class _Fixed(NamedTuple):
    """What is decided whatever the scores are.

    `good`: denied with the pins that it defeats. `removed`: ablation proved it to be unneeded.
    """

    intent: Intent
    withheld: Set[Event]
    good: Mapping[Event, Sequence[Event]]
    removed: Set[Event]

    def verdict(self, event: Event, worth: _Worth) -> _Verdict | None:
        """None where the scores decide."""
        pin = self.intent.pin(event)
        if pin is not None:
            return _Verdict(f"pinned: always {'allowed' if pin else 'denied'}", pin)
        if event in self.good:
            pins = ", ".join(map(str, self.good[event]))
            return _Verdict(f"would defeat what is pinned as denied: {pins}", allowed=False)
        if event in self.withheld:
            return _Verdict(_WITHHELD, allowed=False)
        if event in self.removed:
            return _Verdict(UNNEEDED, allowed=False)
        needed = self.intent.floor and worth.floor
        return _Verdict(NEEDED_TO_START, allowed=True) if needed else None

    def falls_back(self, event: Event) -> bool:
        """Whether its callers get ENOSYS instead, and do the next best."""
        denied = event in self.good or self.intent.pin(event) is False
        return denied and has_fallback(event.name)


class _Worth(NamedTuple):
    """An event's functionality; `floor`: the container does not become ready without it."""

    score: Score
    floor: bool


def _worth(
    event: Event, sources: Sequence[_Source], use: FunctionalityScorer, fixed: _Fixed
) -> _Worth:
    """The best of what it was seen to do and what implies it."""
    own = _Worth(use.score(event), use.needed_to_start(event))
    return max([own, *(_implied(*source, use, fixed) for source in sources)], key=_rank)


def _implied(
    implication: Implication, seen: Sequence[Event], use: FunctionalityScorer, fixed: _Fixed
) -> _Worth:
    # Where a call is answered with ENOSYS, what its callers fall back to does all of its work.
    sure = [each for each in seen if implication.certain or fixed.falls_back(each)]
    best = max(use.score(each).value for each in seen)
    value = max([_INFERRED * best, *(use.score(each).value for each in sure)])
    names = ", ".join(sorted({each.name for each in seen}))
    floor = any(use.needed_to_start(each) for each in sure)
    return _Worth(
        Score(value, (Reason(value, f"inferred from {names}: {implication.why}"),)), floor
    )


def _needed_by_runtime(why: str) -> _Worth:
    return _Worth(Score(1.0, (Reason(1.0, NEEDED_BY_RUNTIME), Reason(0.0, why))), floor=True)


def _is_covered(call: Syscall, seen: Set[Event]) -> bool:
    """Whether a call that was seen whatever its arguments lets it through."""
    return call.argument is not None and without_argument(call) in seen


def _rank(worth: _Worth) -> tuple[bool, float]:
    return worth.floor, worth.score.value


def _sources(use: FunctionalityScorer) -> dict[Event, list[_Source]]:
    """What is implied of events that were not seen, and of those that are certain to come."""
    seen, own = use.events(), {event.name for event in use.own_events()}
    calls = sorted((event for event in seen if isinstance(event, Syscall)), key=sort_key)
    found: dict[Event, list[_Source]] = defaultdict(list)
    for implication in (each for each in implications() if own.isdisjoint(each.unless)):
        for abi in sorted({call.abi for call in calls}):
            sources = tuple(c for c in calls if c.abi == abi and implication.follows(c))
            for call in implication.calls(abi) if sources else ():
                if not _is_covered(call, seen) and (implication.certain or call not in seen):
                    found[call].append((implication, sources))
    return found
