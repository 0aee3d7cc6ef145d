"""What the denial of an event buys: the attacks it would stop, and a capability's own worth."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence, Set

from beacon.data.arguments import holds, multiplexers
from beacon.data.capabilities import worths
from beacon.data.indirect_syscalls import EVERY, Effect, is_blind, made_by
from beacon.data.kernel import tables
from beacon.model.cve import Cve, Need, Way
from beacon.model.event import Abi, Capability, Event, Syscall
from beacon.model.release import Release, parse_release
from beacon.model.score import Reason, Score, joined

_USER_NAMESPACE = tuple(Need(call, {"flags": ("CLONE_NEWUSER",)}) for call in ("clone", "unshare"))
_UNSCORED = 0.5  # nobody has said how bad it is
#: A way to a CVE: for each thing that it needs, the events that serve.
Route = tuple[frozenset[Event], ...]


class SecurityScorer:
    """S of every event among `candidates`, those that a policy may come to allow.

    A CVE counts for an event that takes part in every route to it that the candidates leave: then
    nobody gets there without it. What is allowed already serves as well as the event does, so where
    it does, denying the event buys nothing. The weight is the CVSS base score / 10, nearer to 1
    when the CVE is known to be exploited; weights join as 1 - (1-a)(1-b)…, and a capability's own
    worth with them.
    """

    def __init__(self, cves: Iterable[Cve], candidates: frozenset[Event]) -> None:
        self._risks: dict[Event, list[tuple[Reason, list[Route]]]] = defaultdict(list)
        events = Candidates(candidates)
        for cve in (each for each in cves if each.counts):
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
        return joined(reasons)


def _waits_for(event: Event, route: Route, allowed: Set[Event]) -> bool:
    return any(event in serving and serving.isdisjoint(allowed) for serving in route)


def weight(cve: Cve) -> float:
    """In 0..1."""
    base = cve.cvss.base_score / 10 if cve.cvss else _UNSCORED
    return 1 - (1 - base) ** 2 if cve.kev else base


class Candidates:
    """Events that are or may be allowed, by what attacks ask of them.

    Where i386 is allowed, conditions on some arguments prove nothing (`is_blind`). What another
    call does in the place of one came in some release: when a vulnerability was gone by then, it
    does not lead there. A policy's rules hold on every ABI that it has.
    """

    def __init__(self, events: Iterable[Event]) -> None:
        self.events = frozenset(events)
        calls = [event for event in self.events if isinstance(event, Syscall)]
        self._abis = frozenset(call.abi for call in calls)
        self._by_name: dict[str, list[Syscall]] = defaultdict(list)
        self._standing_in: dict[str, list[tuple[Syscall, Effect]]] = defaultdict(list)
        for call in calls:
            self._by_name[call.name].append(call)
            for effect in (each for found in made_by(call) for each in found.effects):
                self._standing_in[effect.call].append((call, effect))

    def serving(self, need: Need, fixed: Release | None = None) -> frozenset[Event]:
        """Those that do for what an attack needs that works only before a release."""
        return frozenset(event for way in need.ways for event in self._going(way, fixed))

    def _going(self, way: Way, fixed: Release | None) -> Iterator[Event]:
        blind = Abi.I386 in self._abis and is_blind(way.call)
        for each in self._by_name.get(way.call, ()):
            if (blind or serves(each, way)) and self._has(each.name, way.abi):
                yield each
        for each, effect in self._standing_in.get(way.call, ()):
            timely = fixed is None or effect.since < fixed
            if timely and _does(effect, way) and self._has(each.name, way.abi):
                yield each

    def _has(self, call: str, abi: Abi | None) -> bool:
        """Whether a call that is allowed is allowed on this ABI."""
        return abi is None or (abi in self._abis and call in tables().syscalls[abi])

    def user_namespaces(self, fixed: Release | None = None) -> frozenset[Event]:
        """Those that make a user namespace, on a kernel before a release."""
        found = (self.serving(need, fixed) for need in _USER_NAMESPACE)
        return frozenset[Event]().union(*found)


def routes(cve: Cve, candidates: Candidates) -> list[Route]:
    """Every way to a CVE that these events leave open: for each thing needed, what serves it."""
    fixed = parse_release(cve.fixed_in or "")
    paths = [_served(path, candidates, fixed) for path in cve.paths]
    rights = list(_rights(cve, candidates, fixed))
    return [path + right for path in paths for right in rights if path is not None]


def lacking(cve: Cve, candidates: Candidates) -> tuple[str, ...]:
    """What keeps everybody from a CVE to which these events leave no way, in words.

    Of each path the needs that none of them serves, and the capabilities that it wants, where
    nobody has or gains enough of them.
    """
    fixed = parse_release(cve.fixed_in or "")
    needs = (str(n) for path in cve.paths for n in path if not candidates.serving(n, fixed))
    names = () if list(_rights(cve, candidates, fixed)) else itertools.chain(*cve.capabilities)
    missing = (name for name in names if Capability(name) not in candidates.events)
    return tuple(dict.fromkeys((*needs, *missing)))


def _served(path: Sequence[Need], candidates: Candidates, fixed: Release | None) -> Route | None:
    served = tuple(candidates.serving(need, fixed) for need in path)
    return served if all(served) else None


def _rights(cve: Cve, candidates: Candidates, fixed: Release | None) -> Iterator[Route]:
    """The ways to have the capabilities that it needs."""
    if not cve.capabilities:
        yield ()
    for needed in cve.capabilities:
        events: frozenset[Event] = frozenset(map(Capability, needed))
        if events <= candidates.events:
            yield tuple(frozenset({event}) for event in events)
    if cve.capabilities and cve.userns and (makers := candidates.user_namespaces(fixed)):
        yield (makers,)


def serves(event: Event, way: Way) -> bool:
    """Whether the event is what an attack needs, as far as can be told from outside."""
    if not isinstance(event, Syscall) or event.name != way.call:
        return False
    if not way.where or event.argument is None or event.name not in multiplexers():
        return True
    return all(holds(event.name, event.argument, *condition) for condition in way.where.items())


def _does(effect: Effect, way: Way) -> bool:
    """Whether the effect is what an attack needs.

    The effect of one class counts only for an attack that needs arguments, and may need these.
    """
    if effect.argument is None or effect.argument == EVERY:
        return True
    return bool(way.where) and serves(Syscall(effect.call, argument=effect.argument), way)


def _in_all(found: Sequence[Route]) -> frozenset[Event]:
    if not found:
        return frozenset()
    return frozenset.intersection(*(frozenset().union(*route) for route in found))


def _own(event: Event) -> Iterator[Reason]:
    if isinstance(event, Capability) and event.name in worths():
        worth = worths()[event.name]
        yield Reason(worth.weight, f"by itself it {worth.why}")
