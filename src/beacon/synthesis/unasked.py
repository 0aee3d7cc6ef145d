"""Capabilities that nothing needs any more once the calls that needed them are denied."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from beacon.model.entry import Entry
from beacon.model.event import Capability, Event, Syscall
from beacon.model.intent import Intent
from beacon.model.observation import Use


def without_unasked(
    entries: Iterable[Entry], uses: Mapping[Event, Sequence[tuple[str, Use]]], intent: Intent
) -> list[Entry]:
    """The entries, with every capability denied whose calls are denied, one and all.

    A pin keeps a capability. So does a check outside of any system call: the kernel may ask on the
    process's behalf, whatever calls it may still make.
    """
    decided = list(entries)
    calls = [each for each in decided if isinstance(each.event, Syscall)]
    gone = {each.event.name for each in calls} - {e.event.name for e in calls if e.allowed}
    return [_weighed(each, uses.get(each.event, ()), gone, intent) for each in decided]


def _weighed(
    entry: Entry, uses: Sequence[tuple[str, Use]], denied: set[str], intent: Intent
) -> Entry:
    if not (entry.allowed and isinstance(entry.event, Capability)) or not uses:
        return entry
    calls = {use.call for _, use in uses}
    if intent.pin(entry.event) is not None or not calls <= denied:
        return entry
    names = ", ".join(sorted(call for call in calls if call))
    because = f"only {names} needed it, which is denied"
    return msgspec.structs.replace(entry, allowed=False, because=because)
