"""The reserve: what programs can call, no run showed, and no attack needs."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence, Set

from beacon.data.arguments import multiplexers
from beacon.data.asked import capabilities_asked
from beacon.data.capabilities import granted, worth_beside
from beacon.data.host_access import host_access
from beacon.data.surface import HARMLESS, harmless_classes, is_harmless, weight_of
from beacon.model.cve import Cve
from beacon.model.entry import Basis, Entry
from beacon.model.event import Abi, Capability, Event, Syscall, sort_key, without_argument
from beacon.model.intent import Intent, Reserve
from beacon.model.launch import Launch, strip_cap_prefix
from beacon.model.policy import ReachSummary
from beacon.model.reach import Caller, Reach
from beacon.model.score import Reason, Score, joined
from beacon.scoring.openings import Openings
from beacon.scoring.security import weight
from beacon.synthesis.coverage import defeat, overlap
from beacon.synthesis.denial import unknown_to_some

_UNSEEN = Score(0.0, (Reason(0.0, "no run that the intent counts used it"),))
_HARMLESS = "not seen, within reach, and its denial stops no known attack"
_REACHABLE = "not seen, within reach, and the intent allows whatever is"
_RISKY = "no run showed it, and its denial buys something"


def within_reach(
    decided: Sequence[Entry],
    reach: Reach | None,
    intent: Intent,
    launch: Launch,
    cves: Iterable[Cve],
    refused: Set[Event] = frozenset(),
) -> tuple[Entry, ...]:
    """What the reserve adds to the entries of what was seen, and what of reach stays denied.

    Nothing without an analysis.

    `refused` is what the filter turned away while it was recorded.

    Nothing in it opens a known CVE beside what is allowed, alone or with the rest of it, nor beside
    what was seen and denied for its risk: whatever the weights, the reserve opens nothing that the
    policy of what was seen stops. Raising the weight of security never lets anything in.
    """
    if reach is None:
        return ()
    return _Reserve(decided, reach, intent, launch, cves, refused).found()


def summary(
    entries: Collection[Entry], reach: Reach | None, intent: Intent, seen: Set[Event]
) -> ReachSummary | None:
    """How many calls are within reach, by name, and what became of them."""
    if reach is None:
        return None
    names = reach.within(intent.reach).keys()
    used = {event.name for event in seen if isinstance(event, Syscall)} & names
    allowed = {each.event.name for each in entries if each.allowed}
    reserve = {each.event.name for each in entries if each.reserve} & names
    return ReachSummary(
        scope=intent.reach,
        calls=len(names),
        seen=len(used),
        reserve=len(reserve - used),
        denied=len(names - allowed - used),
        unresolved=reach.unresolved_within(intent.reach),
    )


class _Reserve:
    def __init__(
        self,
        decided: Sequence[Entry],
        reach: Reach,
        intent: Intent,
        launch: Launch,
        cves: Iterable[Cve],
        refused: Set[Event],
    ) -> None:
        self._intent = intent
        self._refused = refused
        self._launch = launch
        self._reachable = reach.within(intent.reach)
        self._kept = {each.event for each in decided if each.allowed}
        #: What other weights would allow, and what is denied whatever they are.
        self._dropped = {e.event for e in decided if not e.allowed and e.weighed}
        self._denied = {e.event for e in decided if not e.allowed and not e.weighed}
        self._possible = self._kept | self._dropped
        self._abis = {event.abi for event in self._kept if isinstance(event, Syscall)}
        self._calls = list(self._candidates()) if Abi.X86_64 in self._abis else []
        self._rights = list(self._capabilities())
        everything: set[Event] = {*map(Syscall, self._reachable), *self._calls, *self._rights}
        self._openings = Openings(cves, self._possible | everything)

    def found(self) -> tuple[Entry, ...]:
        chosen = self._chosen()
        allowed = self._kept | chosen
        reserve = [self._entry(each, allowed) for each in sorted(chosen, key=sort_key)]
        # What was seen and denied has an entry that says why.
        decided = self._dropped | self._denied
        unseen = (each for each in self._unseen(allowed) if each.event not in decided)
        return (*reserve, *unseen)

    def _chosen(self) -> set[Event]:
        match self._intent.reserve:
            case Reserve.NONE:
                return set()
            case Reserve.REACHABLE:
                return _shortest(set(self._calls))
            case Reserve.HARMLESS:
                return self._harmless()

    def _harmless(self) -> set[Event]:
        """First what is harmless whatever the weights are, then what is so with these.

        So what is left is never more when less is allowed.
        """
        chosen: set[Event] = set()
        events: list[Event] = [*self._calls, *self._rights]
        for event in events:
            harmless = isinstance(event, Capability) or is_harmless(event)
            if harmless and not self._openings.opened_by(event, self._possible | chosen):
                chosen.add(event)
        chosen = self._openings.apart_from(chosen, self._kept, self._possible)
        chosen -= {e for e in chosen if any(_meets(e, dropped) for dropped in self._dropped)}
        while risky := set(self._risky_rights(chosen)):
            chosen -= risky
        return _shortest(chosen)

    def _risky_rights(self, chosen: Set[Event]) -> Iterator[Event]:
        """The capabilities that nothing allowed asks for, or that are worth something."""
        allowed = self._kept | chosen
        # Those that were seen: two of the reserve must not make each other small.
        names = {each.name for each in self._kept if isinstance(each, Capability)}
        for right in (each for each in chosen if isinstance(each, Capability)):
            small = worth_beside(right.name, names) <= HARMLESS
            if not small or not self._askers(right, allowed):
                yield right

    def _candidates(self) -> Iterator[Syscall]:
        """Whole calls, the least dangerous first, then the classes of those that have any."""
        # What not every libseccomp knows would bind the policy to newer runtimes; its callers get
        # ENOSYS, and do without.
        new = unknown_to_some(map(Syscall, self._reachable))
        names = [n for n in self._reachable if n not in new and Syscall(n) not in self._possible]
        calls = [call for name in names if self._may_be(call := Syscall(name))]
        yield from sorted(calls, key=lambda call: (weight_of(call).weight, call.name))
        for name in sorted(set(names) & multiplexers().keys()):
            classes = (Syscall(name, argument=each) for each in harmless_classes(name))
            yield from (c for c in classes if c not in self._possible and self._may_be(c))

    def _may_be(self, call: Syscall) -> bool:
        """Whether nothing that is denied in any case would be let through with it.

        Nor what Docker's default filter denies: no policy allows what nobody's container may do
        without it, unless it was seen.
        """
        added = (f"CAP_{strip_cap_prefix(each)}" for each in self._launch.cap_add)
        if not host_access().filter.lets_through(call, added):
            return False
        denied = {*self._denied, *self._intent.deny, *self._refused}
        pinned = self._intent.pin(call) is False
        return not pinned and not any(
            _meets(call, each) or defeat(call, each, self._abis) for each in denied
        )

    def _capabilities(self) -> Iterator[Capability]:
        """Those that the launch has; none where no process was seen to have any of its own."""
        if not any(isinstance(each, Capability) for each in self._possible):
            return
        asked = {name for call in self._reachable for name in capabilities_asked(Syscall(call))}
        for each in map(Capability, sorted(asked)):
            known = each in self._possible or each in self._denied
            if granted(self._launch, each.name) and not known and self._intent.pin(each) is None:
                yield each

    def _askers(self, right: Capability, allowed: Iterable[Event]) -> list[str]:
        """The calls within reach that may ask for a capability, as far as they are allowed."""
        calls = (event for event in allowed if isinstance(event, Syscall))
        within = (call for call in calls if call.name in self._reachable)
        return sorted({call.name for call in within if right.name in capabilities_asked(call)})

    def _entry(self, event: Event, allowed: Set[Event]) -> Entry:
        return Entry(
            event=event,
            allowed=True,
            because=_REACHABLE if self._intent.reserve is Reserve.REACHABLE else _HARMLESS,
            basis=Basis.REACH,
            source=self._who(event, allowed),
            security=self._worth(event, frozenset()),
            functionality=_UNSEEN,
        )

    def _who(self, event: Event, allowed: Set[Event]) -> str:
        if isinstance(event, Syscall):
            return self._reachable[event.name].who()
        return f"asked for in {', '.join(self._askers(event, allowed))}"

    def _unseen(self, allowed: Set[Event]) -> Iterator[Entry]:
        by_name: dict[str, list[Syscall]] = {}
        for each in sorted((e for e in allowed if isinstance(e, Syscall)), key=sort_key):
            by_name.setdefault(each.name, []).append(each)
        for name, reachable in sorted(self._reachable.items()):
            calls = by_name.get(name, [])
            if any(call.argument is None for call in calls):
                continue
            event = Syscall(name)
            classes = tuple(c.argument for c in calls if c.argument is not None)
            yield self._denial(event, allowed, reachable.callers, classes)
        for right in self._rights:
            if right not in allowed:
                yield self._denial(right, allowed, self._callers(right))

    def _denial(
        self,
        event: Event,
        allowed: Set[Event],
        callers: tuple[Caller, ...],
        classes: tuple[str, ...] = (),
    ) -> Entry:
        return Entry(
            event=event,
            allowed=False,
            because=_RISKY,
            basis=Basis.REACH,
            source=callers[0].words() if callers else None,
            security=self._worth(event, allowed),
            functionality=_UNSEEN,
            callers=callers,
            allowed_classes=classes,
        )

    def _callers(self, right: Capability) -> tuple[Caller, ...]:
        asking = (
            e for n, e in self._reachable.items() if right.name in capabilities_asked(Syscall(n))
        )
        return next((each.callers for each in asking), ())

    def _worth(self, event: Event, allowed: Set[Event]) -> Score:
        """What its denial buys when these are allowed: the CVEs that it opens, and its surface."""
        opened = self._openings.opened_by(event, allowed) if allowed else ()
        reasons = [Reason(weight(cve), f"{cve.id}: {cve.title}") for cve in opened]
        if isinstance(event, Syscall):
            judged = weight_of(event)
            reasons.append(Reason(judged.weight, judged.why))
        else:
            reasons.append(Reason(worth_beside(event.name, ()), "by itself"))
        return joined(reasons)


def _shortest(events: set[Event]) -> set[Event]:
    """Without the classes of calls that are there as a whole."""
    return events - {
        each
        for each in events
        if each != without_argument(each) and without_argument(each) in events
    }


def _meets(call: Event, denied: Event) -> bool:
    """Whether a rule for the one lets calls through that the other stands for."""
    if not isinstance(call, Syscall) or not isinstance(denied, Syscall) or call.name != denied.name:
        return False
    return overlap(call, denied)
