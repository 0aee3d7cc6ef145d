"""A policy for architectures on which nothing was recorded: what the calls are there.

A rule names a call and holds on every architecture that a profile lists. So a policy for several
allows on each what any of them needs.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import replace as replaced
from typing import NamedTuple

from msgspec.structs import replace

from beacon.data.architectures import made_on, why_nothing
from beacon.errors import UsageError
from beacon.model.architecture import Architecture, architecture_of, recorded_on
from beacon.model.entry import Basis, Entry
from beacon.model.event import Abi, Event, Syscall, sort_key
from beacon.model.intent import Intent
from beacon.model.origin import ImageIdentity
from beacon.model.policy import Policy
from beacon.model.score import Reason, Score
from beacon.model.text import escape_untrusted
from beacon.synthesis.coverage import covers
from beacon.synthesis.runtime_floor import Needed


def architecture_recorded(image: ImageIdentity) -> Architecture:
    """The architecture that an image was recorded on; UsageError for one without tables."""
    try:
        return recorded_on(image.architecture)
    except ValueError:
        raise UsageError(
            f"The profile was recorded on {escape_untrusted(image.architecture[:_SHOWN])}, whose "
            f"system calls BeaCon has no table of: record it on {' or '.join(Architecture)}."
        ) from None


def others(intent: Intent, recorded: Architecture) -> tuple[Architecture, ...]:
    """The architectures that an intent asks for beside the one that was recorded."""
    return tuple(each for each in Architecture if each in intent.architectures and each != recorded)


def on_native(intent: Intent, floor: Needed, recorded: Architecture) -> tuple[Intent, Needed]:
    """Both as they are on the architecture that was recorded.

    A pin without an ABI, and a table of container runtimes, reads as x86-64's.
    """
    native = recorded.native
    if native is Abi.X86_64:
        return intent, floor
    calls: dict[Syscall, str] = {}
    for call, why in floor.calls.items():
        for made in made_on(call, native):
            calls.setdefault(made.call, f"{why}, on {architecture_of(call.abi)}")
    pins = {
        name: tuple(_pin(each, native) for each in getattr(intent, name))
        for name in ("allow", "deny")
    }
    return replace(intent, **pins), replaced(floor, calls=calls)


def _pin(event: Event, native: Abi) -> Event:
    """The pin as it is on an ABI; what that has not got is meant for the other architecture."""
    if not isinstance(event, Syscall) or event.abi is not Abi.X86_64:
        return event
    there = [made.call for made in made_on(event, native) if made.call.name == event.name]
    return there[0] if there else event


def on_others(
    entries: Iterable[Entry], intent: Intent, wanted: Sequence[Architecture]
) -> list[Entry]:
    """The entries, with those for the architectures on which nothing was recorded.

    What a rule for one of them lets through on all is not denied on the others.
    """
    decided = list(entries)
    known = {each.event for each in decided}
    added = [
        entry
        for architecture in wanted
        for entry in _on(decided, intent, architecture)
        if entry.event not in known
    ]
    allowed = {each.event for each in added if each.allowed}
    abis = {each.abi for entry in (*decided, *added) if (each := _call(entry)) and entry.allowed}
    return [*(_opened(each, allowed, abis, intent) for each in decided), *added]


def _call(entry: Entry) -> Syscall | None:
    return entry.event if isinstance(entry.event, Syscall) else None


class _Source(NamedTuple):
    """A call with its entry, and why it has another name elsewhere, if it has."""

    call: Syscall
    entry: Entry
    why: str | None


def _on(entries: Iterable[Entry], intent: Intent, architecture: Architecture) -> Iterator[Entry]:
    found = _sources(entries, architecture.native)
    for call, sources in sorted(found.items(), key=lambda item: sort_key(item[0])):
        yield _entry(call, sources, intent, architecture)


def _sources(entries: Iterable[Entry], native: Abi) -> Mapping[Syscall, list[_Source]]:
    found: dict[Syscall, list[_Source]] = defaultdict(list)
    for each in entries:
        call = _call(each)
        if each.allowed and call is not None and _is_native(call):
            for made, why in made_on(call, native):
                found[made].append(_Source(call, each, why))
    return found


def _entry(
    call: Syscall, sources: Sequence[_Source], intent: Intent, architecture: Architecture
) -> Entry:
    """What was decided of the calls that it stands for holds for it."""
    same = [each for each in sources if each.why is None]
    best = max((each.entry for each in same or sources), key=_rank)
    names = ", ".join(sorted({str(each.call) for each in same or sources}))
    recorded = architecture_of(sources[0].call.abi)
    reason = f"not seen on {architecture}: {names} of {recorded}"
    source = f"{reason}, by the same name" if same else f"{reason}; {sources[0].why}"
    worth = best.functionality.value
    pinned = intent.pin(call) is False
    return Entry(
        event=call,
        allowed=not pinned,
        because="pinned: always denied" if pinned else f"allowed as {best.event} is",
        basis=Basis.REACH if best.reserve and not pinned else Basis.INFERRED,
        source=source,
        security=best.security,
        functionality=Score(worth, (Reason(worth, source),)),
    )


def _rank(entry: Entry) -> tuple[bool, float]:
    return not entry.reserve, entry.functionality.value


def _is_native(call: Syscall) -> bool:
    """Programs for an architecture's further ABIs are for it alone."""
    return architecture_of(call.abi).native is call.abi


def _opened(entry: Entry, added: Set[Event], abis: Set[Abi], intent: Intent) -> Entry:
    """Allowed with what another architecture needs; a pin stays, and is refused with its reason."""
    if entry.allowed or intent.pin(entry.event) is False:
        return entry
    through = [each for each in added if covers(each, entry.event, abis)]
    if not through:
        return entry
    call = min(through, key=sort_key)
    because = f"{call} needs it, and a rule holds on every architecture of a profile"
    basis = Basis.INFERRED if entry.unseen else entry.basis
    return replace(entry, allowed=True, because=because, basis=basis, weighed=False, callers=())


def architectures(policy: Policy) -> tuple[Architecture, ...]:
    """Those that a policy is for."""
    found = {architecture_of(abi) for abi in policy.abis}
    return tuple(each for each in Architecture if each in found)


def unrecorded(policy: Policy) -> tuple[Architecture, ...]:
    """Those of them on which nothing was recorded: all that it allows there is inferred."""
    if not policy.intent.architectures:
        return ()
    return others(policy.intent, architecture_recorded(policy.image))


def architecture_notes(policy: Policy) -> Iterator[str]:
    """A sentence for each way in which a policy for further architectures is more, or less."""
    for wanted in unrecorded(policy):
        recorded = architecture_recorded(policy.image)
        yield (
            f"nothing was recorded on {wanted}: what it calls there is inferred from {recorded} "
            f"(`beacon explain` says from what); verify it on a host of {wanted}."
        )
        if wider := _wider(policy, recorded, wanted):
            yield (
                f"a rule holds on every architecture of a profile, so for {wanted} these may be "
                f"called on {recorded} as well: {', '.join(wider)}."
            )
        gone = _without_counterpart(policy, wanted)
        if gone:
            yield f"{wanted} has nothing in the place of {'; '.join(gone)}."


def _wider(policy: Policy, recorded: Architecture, wanted: Architecture) -> list[str]:
    own = {call.name for call in policy.calls() if call.abi in recorded.abis}
    added = {call.name for call in policy.calls() if call.abi in wanted.abis}
    return sorted(added - own)


def _without_counterpart(policy: Policy, wanted: Architecture) -> list[str]:
    found: dict[str, list[str]] = defaultdict(list)
    for call in policy.calls():
        native = _is_native(call) and architecture_of(call.abi) is not wanted
        if native and not list(made_on(call, wanted.native)):
            found[why_nothing(call, wanted.native)].append(call.name)
    return [f"{', '.join(sorted(set(names)))} ({why})" for why, names in sorted(found.items())]


def _known(image_architecture: str) -> Architecture | None:
    try:
        return recorded_on(image_architecture)
    except ValueError:
        return None


def not_for(policy: Policy, image_architecture: str) -> str | None:
    """What to say of an image for an architecture that a policy is not for, or was not seen on."""
    now, own = _known(image_architecture), _known(policy.image.architecture)
    if now is not None and now == own:
        return None
    shown = escape_untrusted((now or image_architecture)[:_SHOWN])
    recorded = escape_untrusted((own or policy.image.architecture)[:_SHOWN])
    both = f"recorded on {recorded}, verified on {shown}"
    if now is None:
        return f"{both}, whose system calls BeaCon has no table of: no policy can be for it"
    if now not in architectures(policy):
        return (
            f"{both}, which this policy is not for: `beacon policy --architecture {shown}` adds it"
        )
    return f"{both}, where all that the policy allows is inferred"


_SHOWN = 40  # characters of an architecture's name
