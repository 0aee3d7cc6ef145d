"""On the day of a CVE: does a policy stop it, and what would it cost to?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from heapq import heappop, heappush

import msgspec

from beacon.model.cve import Cve, Need
from beacon.model.entry import Entry, Evidence
from beacon.model.event import Event, sort_key
from beacon.model.policy import Policy
from beacon.scoring.functionality import NEEDED_BY_RUNTIME, NEEDED_TO_START
from beacon.scoring.security import Candidates, Route, lacking, routes
from beacon.synthesis.explain import known

#: So that nothing that a start needs is denied where anything else will do.
_START = 1000.0
_NEEDED = (NEEDED_TO_START, NEEDED_BY_RUNTIME)


class Cost(msgspec.Struct, frozen=True, kw_only=True):
    """An event that has to be denied, and what used it.

    `start`: the container does not become ready without it, as far as was recorded. `reasons` say
    what it does for the container; ablation proved those that say so.
    """

    event: Event
    functionality: float
    start: bool
    count: int
    evidence: Evidence
    reasons: tuple[str, ...]


class Affected(msgspec.Struct, frozen=True):
    """A recorded run that used what has to be denied, and how many of its checks passed."""

    run: str
    checks: int


class Drill(msgspec.Struct, frozen=True, kw_only=True):
    """What a policy does about a CVE.

    If it stops it: `denied` are the calls, with their arguments, and the capabilities that an
    attack lacks. If not: `through` are all events that serve an attack, `deny` those whose denial
    costs least and stops it, `costs` what they are used for, and `affected` the runs that did.
    """

    stopped: bool
    denied: tuple[str, ...] = ()
    through: tuple[Event, ...] = ()
    deny: tuple[Event, ...] = ()
    costs: tuple[Cost, ...] = ()
    affected: tuple[Affected, ...] = ()


def drill(policy: Policy, cve: Cve) -> Drill:
    """Look at the policy as it is written; of a CVE that counts."""
    candidates = Candidates(policy.events())
    ways = routes(cve, candidates)
    if not ways:
        return Drill(stopped=True, denied=lacking(cve, candidates))
    allowed = {each.event: each for each in known(policy) if each.allowed}
    deny = _ordered(cheapest(ways, {event: _weight(each) for event, each in allowed.items()}))
    return Drill(
        stopped=False,
        through=_ordered(frozenset().union(*(serving for way in ways for serving in way))),
        deny=deny,
        costs=tuple(_cost_of(allowed[each]) for each in deny),
        affected=tuple(_affected(policy, [allowed[each] for each in deny])),
    )


def needs_of(cve: Cve) -> str:
    """What an attack needs, in words: `unshare(…) + CAP_NET_ADMIN (or a user namespace)`."""
    paths = " | ".join(" + ".join(map(_grouped, path)) for path in cve.paths)
    if not cve.capabilities:
        return paths
    rights = " | ".join(" + ".join(needed) for needed in cve.capabilities)
    own = ", or a user namespace of its own" if cve.userns else ""
    return f"{paths}; with {rights}{own}"


def cheapest(ways: Sequence[Route], costs: Mapping[Event, float]) -> frozenset[Event]:
    """The events of least cost without which no way is left."""
    waiting: list[tuple[float, int, frozenset[Event]]] = [(0.0, 0, frozenset())]
    met: set[frozenset[Event]] = set()
    while True:
        _, _, denied = heappop(waiting)
        way = next((each for each in ways if not _cuts(denied, each)), None)
        if way is None:
            return denied
        for further in (denied | serving for serving in way):
            if further not in met:
                met.add(further)
                cost = sum(costs[each] for each in further)
                heappush(waiting, (cost, len(met), further))


def _cuts(denied: Set[Event], way: Route) -> bool:
    return any(serving <= denied for serving in way)


def _weight(found: Entry) -> float:
    # A little for each event, so that of two that do nothing for the container one is denied.
    return found.functionality.value + 0.001 + (_START if _starts(found) else 0)


def _starts(found: Entry) -> bool:
    texts = {found.because, *(reason.text for reason in found.functionality.reasons)}
    return not texts.isdisjoint(_NEEDED)


def _cost_of(found: Entry) -> Cost:
    return Cost(
        event=found.event,
        functionality=found.functionality.value,
        start=_starts(found),
        count=found.count,
        evidence=found.evidence,
        reasons=tuple(reason.text for reason in found.functionality.reasons),
    )


def _affected(policy: Policy, denied: Sequence[Entry]) -> Iterator[Affected]:
    passed = {str(each.kind): sum(check.passed for check in each.checks) for each in policy.replays}
    names = dict.fromkeys(run.partition("#")[0] for e in denied for run in e.evidence.runs)
    for name in names:
        yield Affected(name, passed.get(name, 0))


def _grouped(need: Need) -> str:
    return f"({need})" if need.others else str(need)


def _ordered(events: Set[Event]) -> tuple[Event, ...]:
    return tuple(sorted(events, key=sort_key))
