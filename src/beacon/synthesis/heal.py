"""Adds to a policy what its intent allows of what runs did beyond it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Set

from msgspec.structs import replace

from beacon import __version__
from beacon.data.fallbacks import not_implemented
from beacon.model.event import Capability, Event, Syscall, sort_key
from beacon.model.policy import (
    AllowedCapability,
    AllowedSyscall,
    Dropped,
    Healing,
    Policy,
    ReachSummary,
    Unseen,
)
from beacon.synthesis.remedy import Entry, Remedy

_EDITED = "the files beside policy.json denied it, as somebody edited them"


def healed(written: Policy, enforced: Policy, found: Remedy, *, image: str, at: str) -> Policy:
    """The policy `enforced`, a part of `written`, with what the remedy adds.

    What runs did not need of the rest of `written` stays denied. `image` is the id of the image
    that ran, `at` the time (UTC, RFC 3339).
    """
    syscalls = _sorted_calls([*enforced.syscalls, *found.added])
    capabilities = _sorted_capabilities([*enforced.capabilities, *found.added])
    abis = tuple(sorted({each.call.abi for each in syscalls}))
    allowed = {each.call for each in syscalls} | {Capability(each.name) for each in capabilities}
    edited = (_edited(each) for each in _entries(written) if event_of(each) not in allowed)
    dropped = {each.event: each for each in (*enforced.dropped, *found.dropped, *edited)}
    added = tuple(sorted(allowed - enforced.events(), key=sort_key))
    reach, unseen = _within_reach(written, {each.event for each in found.missing}, allowed)
    return replace(
        enforced,
        abis=abis,
        syscalls=syscalls,
        capabilities=capabilities,
        not_implemented=not_implemented({each.call.name for each in syscalls}, abis),
        dropped=tuple(each for event, each in dropped.items() if event not in allowed),
        reach=reach,
        unseen=unseen,
        healed=(*written.healed, Healing(added, image, at, __version__)),
        beacon=__version__,
    )


def event_of(entry: Entry) -> Event:
    """What it allows."""
    return entry.call if isinstance(entry, AllowedSyscall) else Capability(entry.name)


def _entries(policy: Policy) -> Iterator[Entry]:
    yield from policy.syscalls
    yield from policy.capabilities


def _sorted_calls(entries: Iterable[Entry]) -> tuple[AllowedSyscall, ...]:
    """Each once, in the order in which a policy is written: the reserve last."""
    calls = {each.call: each for each in entries if isinstance(each, AllowedSyscall)}
    return tuple(sorted(calls.values(), key=lambda e: (e.reserve is not None, sort_key(e.call))))


def _sorted_capabilities(entries: Iterable[Entry]) -> tuple[AllowedCapability, ...]:
    rights = {each.name: each for each in entries if isinstance(each, AllowedCapability)}
    return tuple(sorted(rights.values(), key=lambda each: (each.reserve is not None, each.name)))


def _edited(entry: Entry) -> Dropped:
    found = Dropped(
        event_of(entry),
        entry.count,
        entry.evidence,
        security=entry.security,
        functionality=entry.functionality,
        because=_EDITED,
    )
    if isinstance(entry, AllowedCapability):
        return replace(found, calls=entry.calls, held=entry.held)
    return replace(found, inferred=entry.inferred)


def _within_reach(
    policy: Policy, used: Set[Event], allowed: Set[Event]
) -> tuple[ReachSummary | None, tuple[Unseen, ...]]:
    """What is within reach and still unseen; the summary counts by name."""
    if policy.reach is None:
        return None, policy.unseen
    names = {each.name for each in used if isinstance(each, Syscall)}
    seen = {e.event.name for e in policy.unseen if not e.allowed} & names
    summary = replace(
        policy.reach, seen=policy.reach.seen + len(seen), denied=policy.reach.denied - len(seen)
    )
    rest = (_still(each, allowed) for each in policy.unseen if each.event not in allowed)
    return summary, tuple(rest)


def _still(unseen: Unseen, allowed: Set[Event]) -> Unseen:
    """With the argument classes that are allowed by now."""
    if isinstance(unseen.event, Capability):
        return unseen
    calls = sorted(
        e.argument
        for e in allowed
        if isinstance(e, Syscall) and e.name == unseen.event.name and e.argument is not None
    )
    return replace(unseen, allowed=tuple(calls))
