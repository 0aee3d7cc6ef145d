"""Judges what runs did beyond a policy by its intent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from typing import NamedTuple

from msgspec.structs import replace

from beacon.data.cves import cves
from beacon.data.kernel import is_capability, is_syscall
from beacon.model.cve import Cve
from beacon.model.decision import Decision
from beacon.model.event import Event, Syscall, sort_key, without_argument
from beacon.model.missing import Missing
from beacon.model.policy import AllowedCapability, AllowedSyscall, Dropped, Policy
from beacon.model.run import Run
from beacon.synthesis.beyond import Allowed, beyond, only
from beacon.synthesis.coverage import covers, defeat
from beacon.synthesis.current_names import with_current_names
from beacon.synthesis.decide import decide
from beacon.synthesis.derive import Uses, uses_of
from beacon.synthesis.entries import (
    allowed_capabilities,
    allowed_syscalls,
    calls_of_uses,
    dropped_entry,
    evidence_of,
    held_of_uses,
)
from beacon.synthesis.intents import check_classes
from beacon.synthesis.unasked import without_unasked
from beacon.synthesis.withheld import withheld

_WRITTEN = "policy.json allows it, the files beside it do not"
_PINNED = "pinned: always denied"

Entry = AllowedSyscall | AllowedCapability


class Remedy(NamedTuple):
    """What runs did beyond a policy, and the entries that its intent makes of it.

    In `added` and `dropped` is also what follows from that (data/implied_syscalls.toml).
    """

    missing: tuple[Missing, ...] = ()
    added: tuple[Entry, ...] = ()
    dropped: tuple[Dropped, ...] = ()


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
    dropped = (each.event for each in written.dropped)
    check_classes([*written.events(), *dropped, *intent.allow, *intent.deny])
    counted = (r for r in runs if r.outcome.ready and not intent.ignores(r.environment))
    ready = with_current_names(counted)
    uses = uses_of(beyond(enforced, ready))
    events = [each for each in sorted(uses, key=sort_key) if _is_filterable(each)]
    allowed, asked = Allowed(written), _Dropped(written)
    fresh = {each for each in events if each not in allowed and each not in asked}
    decisions = _decide(written, ready, fresh, cves() if known is None else known)
    decided = {each.event: each for each in decisions}
    kept = [each for each in decisions if each.allowed]
    return Remedy(
        tuple(
            _weighed(decided[each], uses)
            if each in fresh
            else _missing(each, uses, _WRITTEN, allowed=True)
            if each in allowed
            else asked.missing(each, uses)
            for each in events
        ),
        (
            *_restored(written, [each for each in events if each in allowed]),
            *allowed_syscalls(kept, uses),
            *allowed_capabilities(kept, uses),
        ),
        tuple(dropped_entry(each, uses) for each in decisions if not each.allowed),
    )


class _Dropped:
    """What the intent dropped: events, or calls whatever their arguments."""

    def __init__(self, policy: Policy) -> None:
        self._entries = {each.event: each for each in policy.dropped}
        self._intent = policy.intent

    def __contains__(self, event: Event) -> bool:
        return self._entry(event) is not None or self._intent.pin(event) is False

    def missing(self, event: Event, uses: Uses) -> Missing:
        entry = self._entry(event)
        if entry is None:
            return _missing(event, uses, _PINNED, intended=True)
        found = _missing(event, uses, entry.because, intended=True)
        return replace(found, security=entry.security, functionality=entry.functionality)

    def _entry(self, event: Event) -> Dropped | None:
        return self._entries.get(event) or self._entries.get(without_argument(event))


def _is_filterable(event: Event) -> bool:
    known = is_syscall if isinstance(event, Syscall) else is_capability
    return known(event.name)


def _decide(
    policy: Policy, runs: Sequence[Run], fresh: Set[Event], known: Sequence[Cve]
) -> list[Decision]:
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
    gone = [
        Decision(e.event, allowed=False, security=e.security, functionality=e.functionality,
                 because=e.because)
        for e in policy.dropped
    ]  # fmt: skip
    decisions = without_unasked([*decisions, *gone], uses_of(runs), intent)
    settled = policy.events() | {each.event for each in policy.dropped}
    return [_with_reason(each, defeated) for each in decisions if each.event not in settled]


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


def _with_reason(decision: Decision, defeated: Mapping[Event, Sequence[Event]]) -> Decision:
    if decision.event not in defeated:
        return decision
    pins = ", ".join(map(str, defeated[decision.event]))
    return replace(decision, because=f"would defeat what is pinned as denied: {pins}")


def _restored(written: Policy, events: Sequence[Event]) -> Iterator[Entry]:
    """The entries that let these events through."""
    for call in written.syscalls:
        if any(e == call.call or covers(call.call, e, written.abis) for e in events):
            yield call
    names = {event.name for event in events}
    yield from (each for each in written.capabilities if each.name in names)


def _weighed(decision: Decision, uses: Uses) -> Missing:
    found = _missing(decision.event, uses, decision.because, allowed=decision.allowed)
    return replace(found, security=decision.security, functionality=decision.functionality)


def _missing(
    event: Event, uses: Uses, because: str, *, intended: bool = False, allowed: bool = False
) -> Missing:
    found = uses[event]
    return Missing(
        event,
        sum(use.count for _, use in found),
        evidence_of(found),
        because,
        intended,
        allowed,
        calls=calls_of_uses(found),
        held=held_of_uses(found),
    )
