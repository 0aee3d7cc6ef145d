"""What the denial of an event buys: the attacks it would stop, and a capability's own worth."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence, Set

from beacon.data.arguments import holds, multiplexers
from beacon.data.capabilities import worths
from beacon.data.stand_ins import stand_ins
from beacon.model.cve import Cve, Need
from beacon.model.event import Abi, Capability, Event, Syscall
from beacon.model.release import Release, parse_release
from beacon.model.score import Reason, Score

_USER_NAMESPACE = "CLONE_NEWUSER"
_MAKERS = ("clone", "clone3", "unshare")
_UNSCORED = 0.5  # nobody has said how bad it is
_Route = tuple[frozenset[Event], ...]


class Security:
    """S of every event among `candidates`, those that a policy may come to allow.

    A CVE counts for an event that takes part in every route to it that the candidates leave: then
    nobody gets there without it. What is allowed already serves as well as the event does, so where
    it does, denying the event buys nothing. The weight is the CVSS base score / 10, nearer to 1
    when the CVE is known to be exploited; weights join as 1 - (1-a)(1-b)…, and a capability's own
    worth with them.
    """

    def __init__(self, cves: Iterable[Cve], candidates: frozenset[Event]) -> None:
        self._risks: dict[Event, list[tuple[Reason, list[_Route]]]] = defaultdict(list)
        events = Candidates(candidates)
        for cve in (each for each in cves if not each.control):
            found = routes(cve, events)
            for event in _in_all(found):
                self._risks[event].append((Reason(weight(cve), f"{cve.id}: {cve.title}"), found))

    def score(self, event: Event, allowed: Set[Event] = frozenset()) -> Score:
        """S of the event when these others are allowed."""
        reasons = [
            reason
            for reason, found in self._risks.get(event, ())
            if all(_waits_for(event, route, allowed) for route in found)
        ]
        reasons += _own(event)
        left = 1.0
        for reason in reasons:
            left *= 1 - reason.weight
        return Score(1 - left, tuple(sorted(reasons, key=lambda reason: -reason.weight)))


def _waits_for(event: Event, route: _Route, allowed: Set[Event]) -> bool:
    return any(event in serving and serving.isdisjoint(allowed) for serving in route)


def weight(cve: Cve) -> float:
    """In 0..1."""
    base = cve.cvss.base_score / 10 if cve.cvss else _UNSCORED
    return 1 - (1 - base) ** 2 if cve.kev else base


class Candidates:
    """Events that are or may be allowed, by what attacks ask of them.

    Where the 32-bit door is open, conditions on arguments prove nothing: libseccomp puts the rules
    of socket and IPC calls on socketcall and ipc, which have their arguments elsewhere. io_uring's
    operations came one by one: one that came when a vulnerability was gone does not lead to it.
    """

    def __init__(self, events: Iterable[Event]) -> None:
        self.events = frozenset(events)
        self.namespaces = frozenset(event for event in self.events if makes_user_namespace(event))
        calls = [event for event in self.events if isinstance(event, Syscall)]
        self._blind = any(call.abi is Abi.I386 for call in calls)
        self._by_name: dict[str, list[Syscall]] = defaultdict(list)
        self._standing_in: dict[str, list[tuple[Syscall, Release]]] = defaultdict(list)
        for call in calls:
            self._by_name[call.name].append(call)
            for name, since in stand_ins()[call.name].calls() if call.name in stand_ins() else ():
                self._standing_in[name].append((call, since))

    def serving(self, need: Need, fixed: Release | None = None) -> frozenset[Event]:
        """Those that do for what an attack needs that works only before a release."""
        direct = (e for e in self._by_name.get(need.call, ()) if self._blind or serves(e, need))
        others = self._standing_in.get(need.call, ())
        return frozenset([*direct, *(e for e, since in others if fixed is None or since < fixed)])


def routes(cve: Cve, candidates: Candidates) -> list[_Route]:
    """Every way to a CVE that these events leave open: for each thing needed, what serves it."""
    fixed = parse_release(cve.fixed_in or "")
    paths = [_served(path, candidates, fixed) for path in cve.paths]
    rights = list(_rights(cve, candidates))
    return [path + right for path in paths for right in rights if path is not None]


def _served(path: Sequence[Need], candidates: Candidates, fixed: Release | None) -> _Route | None:
    served = tuple(candidates.serving(need, fixed) for need in path)
    return served if all(served) else None


def _rights(cve: Cve, candidates: Candidates) -> Iterator[_Route]:
    """The ways to have the capabilities that it needs."""
    if not cve.capabilities:
        yield ()
    for needed in cve.capabilities:
        events: frozenset[Event] = frozenset(map(Capability, needed))
        if events <= candidates.events:
            yield tuple(frozenset({event}) for event in events)
    if cve.capabilities and cve.userns and candidates.namespaces:
        yield (candidates.namespaces,)


def makes_user_namespace(event: Event) -> bool:
    """Whether a container with this event can make user namespaces."""
    if not isinstance(event, Syscall) or event.name not in _MAKERS:
        return False
    return event.argument in (None, _USER_NAMESPACE)


def serves(event: Event, need: Need) -> bool:
    """Whether the event is what an attack needs, as far as can be told from outside."""
    if not isinstance(event, Syscall) or event.name != need.call:
        return False
    if not need.where or event.argument is None or event.name not in multiplexers():
        return True
    return all(holds(event.name, event.argument, *condition) for condition in need.where.items())


def _in_all(found: Sequence[_Route]) -> frozenset[Event]:
    if not found:
        return frozenset()
    return frozenset.intersection(*(frozenset().union(*route) for route in found))


def _own(event: Event) -> Iterator[Reason]:
    if isinstance(event, Capability) and event.name in worths():
        worth = worths()[event.name]
        yield Reason(worth.weight, f"by itself it {worth.why}")
