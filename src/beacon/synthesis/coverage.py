"""What a filter cannot tell apart."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from beacon.errors import UsageError
from beacon.model.event import Abi, Event, Syscall, spell


def covers(allowed: Event, event: Event, abis: Collection[Abi]) -> bool:
    """Whether a policy of these ABIs that allows the one allows the other with it.

    A rule without arguments holds for all of them, and every rule holds on all ABIs of the policy.
    """
    if not isinstance(allowed, Syscall) or not isinstance(event, Syscall):
        return False
    if allowed.name != event.name or event.abi not in abis:
        return False
    whole = allowed.argument is None and event.argument is not None
    elsewhere = allowed.abi != event.abi and allowed.argument in (None, event.argument)
    return whole or elsewhere


def check_denials(
    denied: Iterable[Event], allowed: Collection[Event], abis: Collection[Abi]
) -> None:
    """UsageError for a pin that no filter can keep beside what is allowed."""
    for event in denied:
        for other in allowed:
            if covers(other, event, abis):
                raise UsageError(
                    f"{spell(event)} cannot be denied while {spell(other)} is allowed: "
                    f"deny that as well, or leave the pin out."
                )
