"""Adds to a policy what its intent allows of what runs did beyond it."""

from __future__ import annotations

from collections.abc import Iterator, Set

from msgspec.structs import replace

from beacon import __version__
from beacon.model.entry import Basis, Entry
from beacon.model.event import Event, Syscall, sort_key
from beacon.model.policy import Healing, Policy, ReachSummary
from beacon.synthesis.architectures import on_others, unrecorded
from beacon.synthesis.entries import with_entries
from beacon.synthesis.remedy import Remedy

_EDITED = "the files beside policy.json denied it, as somebody edited them"


def healed(written: Policy, enforced: Policy, found: Remedy, *, image: str, at: str) -> Policy:
    """The policy `enforced`, a part of `written`, with what the remedy adds.

    What runs did not need of the rest of `written` stays denied. `image` is the id of the image
    that ran, `at` the time (UTC, RFC 3339).
    """
    kept = (each for each in enforced.entries if each.allowed)
    added = [each for each in found.entries if each.allowed]
    # Of several entries of one event the last counts.
    entries = [
        *(each for each in enforced.entries if not each.allowed),
        *(each for each in found.entries if not each.allowed),
        *_edited(written),
        *kept,
        *added,
    ]
    policy = with_entries(enforced, entries)
    if wanted := unrecorded(policy):
        policy = with_entries(policy, on_others(policy.entries, policy.intent, wanted))
    allowed = policy.events()
    fresh = tuple(sorted(allowed - enforced.events(), key=sort_key))
    unseen = [_with_classes(each, allowed) if each.unseen else each for each in policy.entries]
    return replace(
        policy,
        entries=tuple(unseen),
        reach=_summary(written, {each.event for each in found.missing}),
        healed=(*written.healed, Healing(fresh, image, at, __version__)),
        beacon=__version__,
    )


def _edited(written: Policy) -> Iterator[Entry]:
    for each in written.entries:
        if each.allowed:
            basis = Basis.NAMED if each.basis is Basis.REACH else each.basis
            yield replace(each, allowed=False, because=_EDITED, basis=basis)


def _summary(policy: Policy, used: Set[Event]) -> ReachSummary | None:
    """What is within reach, by name, now that these were used."""
    if policy.reach is None:
        return None
    names = {each.name for each in used if isinstance(each, Syscall)}
    denied = (each for each in policy.entries if each.unseen and not each.allowed_classes)
    seen = len({each.event.name for each in denied} & names)
    return replace(policy.reach, seen=policy.reach.seen + seen, denied=policy.reach.denied - seen)


def _with_classes(unseen: Entry, allowed: Set[Event]) -> Entry:
    """With the argument classes that are allowed by now."""
    calls = sorted(
        e.argument
        for e in allowed
        if isinstance(e, Syscall) and e.name == unseen.event.name and e.argument is not None
    )
    return replace(unseen, allowed_classes=tuple(calls))
