"""Capabilities that nothing needs any more once the calls that needed them are denied."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from beacon.model.decision import Decision
from beacon.model.event import Capability, Event, Syscall
from beacon.model.intent import Intent
from beacon.model.observation import Use


def without_unasked(
    decisions: Iterable[Decision], uses: Mapping[Event, Sequence[tuple[str, Use]]], intent: Intent
) -> list[Decision]:
    """The decisions, with every capability denied whose calls are denied, one and all.

    A pin keeps a capability. So does a check outside of any system call: the kernel may ask on the
    process's behalf, whatever calls it may still make.
    """
    decided = list(decisions)
    calls = [each for each in decided if isinstance(each.event, Syscall)]
    gone = {each.event.name for each in calls} - {e.event.name for e in calls if e.allowed}
    return [_weighed(each, uses.get(each.event, ()), gone, intent) for each in decided]


def _weighed(
    decision: Decision, uses: Sequence[tuple[str, Use]], denied: set[str], intent: Intent
) -> Decision:
    if not (decision.allowed and isinstance(decision.event, Capability)) or not uses:
        return decision
    calls = {use.call for _, use in uses}
    if intent.pin(decision.event) is not None or not calls <= denied:
        return decision
    names = ", ".join(sorted(call for call in calls if call))
    because = f"only {names} needed it, which is denied"
    return msgspec.structs.replace(decision, allowed=False, because=because)
