"""Judges what runs did beyond a policy by its intent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from typing import NamedTuple

from msgspec.structs import asdict, replace

from beacon.data.cves import cves
from beacon.data.kernel import is_capability, is_syscall
from beacon.model.cve import Cve
from beacon.model.entry import Entry
from beacon.model.event import Event, Syscall, sort_key, without_argument
from beacon.model.missing import Missing
from beacon.model.policy import Policy
from beacon.model.run import Run
from beacon.synthesis.beyond import Allowed, beyond, only
from beacon.synthesis.coverage import covers, defeat
from beacon.synthesis.current_names import with_current_names
from beacon.synthesis.decide import decide
from beacon.synthesis.derive import Uses, uses_of
from beacon.synthesis.entries import with_uses
from beacon.synthesis.intents import check_classes
from beacon.synthesis.unasked import without_unasked
from beacon.synthesis.withheld import withheld

_WRITTEN = "policy.json allows it, the files beside it do not"
_PINNED = "pinned: always denied"


class Remedy(NamedTuple):
    """What runs did beyond a policy, and the entries that its intent makes of it.

    In `entries` is also what follows from that (data/implied_syscalls.toml).
    """

    missing: tuple[Missing, ...] = ()
    entries: tuple[Entry, ...] = ()

    @property
    def adds(self) -> bool:
        """Whether the policy is to allow more."""
        return any(each.allowed for each in self.entries)


def remedy(
    written: Policy, enforced: Policy, runs: Iterable[Run], known: Sequence[Cve] | None = None
) -> Remedy:
    """Judge what the runs did beyond the policy `enforced`, which is `written` or a part of it.

    What was dropped stays denied, as does a capability that the launch does not grant, and what
    would defeat a pin. What is written comes back as it was. All else is weighed as when a policy
    is derived, by the runs that used it and beside all that is allowed. Runs that did not become
    ready count for nothing, as do those that the intent ignores. `known` are the vulnerabilities
    that count, by default all. UsageError for classes that do not exist in `written`.
    """
    intent = written.intent
    check_classes([*written.events(), *written.dropped(), *intent.allow, *intent.deny])
    counted = (r for r in runs if r.outcome.ready and not intent.ignores(r.environment))
    ready = with_current_names(counted)
    uses = uses_of(beyond(enforced, ready))
    events = [each for each in sorted(uses, key=sort_key) if _is_filterable(each)]
    allowed, asked = Allowed(written), _Dropped(written)
    fresh = {each for each in events if each not in allowed and each not in asked}
    decisions = _decide(written, ready, fresh, cves() if known is None else known)
    decided = {each.event: each for each in decisions}
    return Remedy(
        tuple(
            _missing(decided[each], uses)
            if each in fresh
            else _missing(Entry(event=each, allowed=True, because=_WRITTEN), uses)
            if each in allowed
            else _missing(asked.entry(each), uses, intended=True)
            for each in events
        ),
        (
            *_restored(written, [each for each in events if each in allowed]),
            *(with_uses(each, uses.get(each.event, ())) for each in decisions),
        ),
    )


class _Dropped:
    """What the intent dropped: events, or calls whatever their arguments."""

    def __init__(self, policy: Policy) -> None:
        self._entries = {each.event: each for each in policy.entries if each.dropped}
        self._intent = policy.intent

    def __contains__(self, event: Event) -> bool:
        return self._found(event) is not None or self._intent.pin(event) is False

    def entry(self, event: Event) -> Entry:
        """What was decided of it, or of the call whatever its arguments."""
        found = self._found(event) or Entry(event=event, allowed=False, because=_PINNED)
        return replace(found, event=event)

    def _found(self, event: Event) -> Entry | None:
        return self._entries.get(event) or self._entries.get(without_argument(event))


def _is_filterable(event: Event) -> bool:
    known = is_syscall if isinstance(event, Syscall) else is_capability
    return known(event.name)


def _decide(
    policy: Policy, runs: Sequence[Run], fresh: Set[Event], known: Sequence[Cve]
) -> list[Entry]:
    """Weigh what nobody judged yet, and what follows from it, beside all that is allowed."""
    if not fresh:
        return []
    runs = [only(run, fresh.__contains__) for run in runs]
    defeated = {event: pins for event in fresh if (pins := _defeated(policy, event))}
    intent = replace(
        policy.intent,
        allow=(*policy.intent.allow, *policy.events()),
        deny=(*policy.intent.deny, *defeated),
    )
    decisions = decide(runs, intent, known, withheld(runs, policy, intent))
    gone = [each for each in policy.entries if each.dropped]
    decisions = without_unasked([*decisions, *gone], uses_of(runs), intent)
    allowed, dropped = Allowed(policy), policy.dropped()
    return [
        _with_reason(each, defeated)
        for each in decisions
        if each.event not in allowed and each.event not in dropped
    ]


def _defeated(policy: Policy, event: Event) -> tuple[Event, ...]:
    """The pins that it would get around, or others if it brought its ABI in."""
    abis, allowing = {*policy.abis}, {event}
    if isinstance(event, Syscall) and event.abi not in abis:
        abis.add(event.abi)
        allowing |= policy.events()
    return tuple(
        pin
        for pin in policy.intent.deny
        if any(defeat(each, pin, abis) is not None for each in allowing)
    )


def _with_reason(entry: Entry, defeated: Mapping[Event, Sequence[Event]]) -> Entry:
    if entry.event not in defeated:
        return entry
    pins = ", ".join(map(str, defeated[entry.event]))
    return replace(entry, because=f"would defeat what is pinned as denied: {pins}")


def _restored(written: Policy, events: Sequence[Event]) -> Iterator[Entry]:
    """The entries that let these events through."""
    for each in written.entries:
        covered = (e == each.event or covers(each.event, e, written.abis) for e in events)
        if each.allowed and any(covered):
            yield each


def _missing(entry: Entry, uses: Uses, *, intended: bool = False) -> Missing:
    found = with_uses(entry, uses[entry.event])
    return Missing(**asdict(found), intended=intended)
