"""Pins that other calls would defeat: made good, refused, or said aloud."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping

from beacon.data.fallbacks import has_fallback, made_instead, why_not_implemented
from beacon.data.indirect_syscalls import made_by
from beacon.data.kernel import calls_of
from beacon.errors import UsageError
from beacon.model.entry import Entry
from beacon.model.event import Abi, Capability, Event, Syscall, sort_key
from beacon.model.intent import Intent
from beacon.model.policy import Policy
from beacon.scoring.functionality import NEEDED_BY_RUNTIME, NEEDED_TO_START
from beacon.scoring.security import Candidates
from beacon.synthesis.coverage import defeat, overlap


def made_good(
    intent: Intent, candidates: Collection[Event], abis: Collection[Abi]
) -> Mapping[Event, tuple[Event, ...]]:
    """What has to be denied with the pins because it would defeat them, and which of them.

    Only a call that has no pin of its own, and whose callers fall back where it does not exist.
    """
    found: dict[Event, list[Event]] = defaultdict(list)
    for event in candidates:
        if not _can_go(event, intent):
            continue
        for denied in intent.deny:
            if event.name != denied.name and defeat(event, denied, abis) is not None:
                found[event].append(denied)
    return {event: tuple(denied) for event, denied in found.items()}


def _can_go(event: Event, intent: Intent) -> bool:
    whole = isinstance(event, Syscall) and event.argument is None
    return whole and has_fallback(event.name) and intent.pin(event) is None


def check_pins(intent: Intent, entries: Collection[Entry]) -> None:
    """UsageError for a denial that does not hold beside what is allowed.

    Nor is one made good at the price of a call whose callers' fallback is pinned as denied.
    """
    allowed = [each.event for each in entries if each.allowed]
    abis = {event.abi for event in allowed if isinstance(event, Syscall)}
    for denied in intent.deny:
        for event in sorted(allowed, key=sort_key):
            if (why := defeat(event, denied, abis)) is not None:
                raise UsageError(
                    f"{denied} cannot be denied while {event} is allowed ({why}): "
                    "deny that as well, or leave the pin out."
                )
    good = made_good(intent, [each.event for each in entries], abis)
    for event, denied_with in good.items():
        for fallback in (each for each in _fallbacks(event) if intent.pin(each) is False):
            raise UsageError(
                f"{_names(denied_with)} cannot be denied without {event}, whose callers "
                f"fall back to {fallback}, which is denied as well: leave one of the pins "
                f"out, or deny {event} yourself."
            )


def _fallbacks(event: Event) -> Iterator[Event]:
    """What callers make in the place of a call that is answered with ENOSYS."""
    if isinstance(event, Syscall):
        yield from calls_of(event.abi, made_instead(event.name))


def notes(policy: Policy) -> list[str]:
    """A sentence for each pin that does something else, or less, than it seems to."""
    intent, allowed = policy.intent, policy.events()
    events = allowed | policy.dropped()
    return [
        *_denied_as_well(made_good(intent, events, policy.abis)),
        *_same_by_another_name(intent, allowed),
        *_other_abis(intent, allowed),
        *_regained(intent, allowed),
        *_allowed_in_vain(policy),
        *_denied_though_needed(policy),
    ]


def _denied_though_needed(policy: Policy) -> Iterator[str]:
    if needed := _pinned_as_denied(policy, NEEDED_TO_START):
        yield (
            f"{_names(needed)}: denied as pinned, though the container needed it to become ready; "
            "it may not start."
        )
    if needed := _pinned_as_denied(policy, NEEDED_BY_RUNTIME):
        yield (
            f"{_names(needed)}: denied as pinned, though the container runtime makes it before the "
            "entry point (`beacon explain` says when); the container may not start each time."
        )


def _pinned_as_denied(policy: Policy, reason: str) -> list[Event]:
    return [
        each.event
        for each in policy.entries
        if each.dropped
        and policy.intent.pin(each.event) is False
        and reason in {found.text for found in each.functionality.reasons}
    ]


def _denied_as_well(good: Mapping[Event, tuple[Event, ...]]) -> Iterator[str]:
    for event, denied in sorted(good.items(), key=lambda item: sort_key(item[0])):
        yield (
            f"{event} is denied with {_names(denied)}, which it would defeat; callers get "
            f"ENOSYS ({why_not_implemented(event.name)})."
        )


def _same_by_another_name(intent: Intent, allowed: Iterable[Event]) -> Iterator[str]:
    """Denials of a call that hold for its name alone."""
    for event in sorted(allowed, key=sort_key):
        if isinstance(event, Syscall):
            effects = {each.call for found in made_by(event) for each in found.effects}
            names = [e for e in intent.deny if e.name in effects and _is_whole(e)]
            if names:
                yield (
                    f"{_names(names)}: denied by name alone; {event}, which is allowed, "
                    "has effects of the same kind."
                )


def _is_whole(event: Event) -> bool:
    return isinstance(event, Syscall) and event.argument is None


def _other_abis(intent: Intent, allowed: Iterable[Event]) -> Iterator[str]:
    """Pins without an ABI, which read as x86-64's, in a policy that has the call elsewhere only."""
    calls = [event for event in allowed if isinstance(event, Syscall)]
    abis = {call.abi for call in calls}
    for denied in intent.deny:
        if isinstance(denied, Syscall) and denied.abi is Abi.X86_64 and denied.abi not in abis:
            others = [c for c in calls if c.name == denied.name and overlap(c, denied)]
            if others:
                yield (
                    f"{denied} is denied on {denied.abi}, which this policy does not have; "
                    f"it allows {_names(others)}."
                )


def _regained(intent: Intent, allowed: Iterable[Event]) -> Iterator[str]:
    denied = [event for event in intent.deny if isinstance(event, Capability)]
    makers = Candidates(allowed).user_namespaces()
    if denied and makers:
        yield (
            f"{_names(denied)}: denied in the container's own user namespace; in one that "
            f"{_names(makers)} makes, a process has every capability."
        )


def _allowed_in_vain(policy: Policy) -> Iterator[str]:
    for event in policy.intent.allow:
        if isinstance(event, Capability) and policy.launch.takes_away(event.name):
            yield f"{event.name} is pinned as allowed, but --cap-drop of the launch takes it away."
        elif isinstance(event, Syscall) and _opens_abi(event, policy):
            yield (
                f"{event} is pinned as allowed, and no run used {event.abi}: every allowed "
                f"call can now be made on {event.abi} as well."
            )


def _opens_abi(event: Syscall, policy: Policy) -> bool:
    """Whether the pins alone bring an ABI in."""
    others = (each for each in policy.entries if each.allowed and _is_of(event.abi, each.event))
    return all(each.count == 0 and policy.intent.pin(each.event) for each in others)


def _is_of(abi: Abi, event: Event) -> bool:
    return isinstance(event, Syscall) and event.abi is abi


def _names(events: Iterable[Event]) -> str:
    return ", ".join(str(event) for event in sorted(events, key=sort_key))
