"""Some calls come by chance, as sched_yield where two want one lock: what is a difference?"""

from __future__ import annotations

from collections.abc import Sequence

from beacon.data.implied_syscalls import implications
from beacon.model.event import Event, Syscall, parse_event, sort_key
from beacon.model.profile import Profile


def known(recorded: Profile) -> frozenset[Event]:
    """What it saw, and what is certain to come after that (data/implied_syscalls.toml)."""
    seen = recorded.events()
    calls = [event for event in seen if isinstance(event, Syscall)]
    sure = (each.then for each in implications() if each.certain and any(map(each.follows, calls)))
    return seen | {parse_event(word) for then in sure for word in then}


def odd(one: Profile, others: Sequence[Profile]) -> list[str]:
    """The events by which a campaign differs from all of several equal ones.

    That is what none of them saw but it, and what all of them saw and it did not.
    """
    ours = known(one)
    ever, always = _ever(others), _always(others)
    return _names((ours - ever) | (always - ours))


def by_chance(equal: Sequence[Profile]) -> list[str]:
    """The events that not every one of several equal campaigns saw."""
    return _names(_ever(equal) - _always(equal))


def _ever(campaigns: Sequence[Profile]) -> frozenset[Event]:
    return frozenset[Event]().union(*map(known, campaigns))


def _always(campaigns: Sequence[Profile]) -> frozenset[Event]:
    first, *more = map(known, campaigns)
    return first.intersection(*more)


def _names(events: frozenset[Event]) -> list[str]:
    return [str(event) for event in sorted(events, key=sort_key)]
