"""Reads what users say of their intent: a file, options, names of events."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterable
from typing import Annotated

import msgspec
from msgspec import Meta

from beacon.data.arguments import canonical
from beacon.data.kernel import is_capability, is_syscall, tables
from beacon.errors import UsageError
from beacon.model.architecture import Architecture
from beacon.model.event import Abi, Event, Syscall, parse_event, without_argument
from beacon.model.intent import EVERYTHING, PRESETS, Intent, Reserve
from beacon.model.profile import Profile
from beacon.model.reach import Scope
from beacon.model.run import Run
from beacon.model.text import escape_untrusted

_LONGEST = 200  # of a user's text that an error repeats
_Weight = Annotated[float, Meta(ge=0, le=1)]


class _Environments(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    matter: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    preset: str | None = None
    security: _Weight | None = None
    functionality: _Weight | None = None
    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()
    floor: bool = True
    runtimes: Annotated[tuple[str, ...], Meta(max_length=32)] = ()
    reserve: Reserve | None = None
    reach: Scope = Scope.BESIDE
    minimal: bool = False
    architectures: tuple[Architecture, ...] = ()
    environments: _Environments = _Environments()


def parse_intent(text: str, name: str) -> Intent:
    """The intent that a file says (docs/reference/intent.md); `name` is the file's, for the errors.

    UsageError for what is no intent.
    """
    try:
        said = msgspec.convert(tomllib.loads(text), _File)
    except (ValueError, RecursionError) as error:  # TOMLDecodeError and ValidationError are such
        reason = escape_untrusted(str(error)[:_LONGEST])
        raise UsageError(
            f"{name} is not a valid intent file ({reason}): see docs/reference/intent.md."
        ) from None
    intent = intent_from_weights(said.preset, said.security, said.functionality)
    intent = msgspec.structs.replace(
        intent,
        floor=said.floor,
        runtimes=said.runtimes,
        reserve=intent.reserve if said.reserve is None else said.reserve,
        reach=said.reach,
        minimal=said.minimal,
        architectures=said.architectures,
        matter=said.environments.matter,
        ignore=said.environments.ignore,
    )
    return with_pins(intent, said.allow, said.deny)


def intent_from_weights(
    preset: str | None, security: float | None, functionality: float | None
) -> Intent:
    """A preset, or weights of the user's own; UsageError for half of it, or for both."""
    weights = [weight for weight in (security, functionality) if weight is not None]
    if preset is not None and weights:
        raise UsageError("A preset has its own weights: give a preset or weights, not both.")
    if preset is not None or not weights:
        return _preset("availability" if preset is None else preset)
    if security is None or functionality is None:
        raise UsageError("Weights go together: give both, for security and functionality.")
    if not all(math.isfinite(weight) and 0 <= weight <= 1 for weight in weights):
        raise UsageError(
            f"Weights are numbers from 0 to 1, not {security:g} and {functionality:g}: change them."
        )
    return Intent(security=security, functionality=functionality, reserve=Reserve.HARMLESS)


def _preset(name: str) -> Intent:
    if name not in PRESETS:
        known = ", ".join(PRESETS)
        raise UsageError(f"There is no preset {escape_untrusted(name)!r}: give one of {known}.")
    return PRESETS[name]


def with_pins(intent: Intent, allow: Iterable[str], deny: Iterable[str]) -> Intent:
    """The intent with these pins, in place of its own on the same events or classes of them.

    UsageError for an event that does not exist, or that is to be allowed and denied.
    """
    more, less = frozenset(map(event, allow)), frozenset(map(event, deny))
    allowed = more | {
        each for each in intent.allow if less.isdisjoint((each, without_argument(each)))
    }
    denied = less | {
        each for each in intent.deny if more.isdisjoint((each, without_argument(each)))
    }
    both = {each for each in denied if each in allowed or without_argument(each) in allowed}
    if both:
        name = str(min(both, key=str))
        raise UsageError(f"{name} is pinned as allowed and as denied: take one of the pins out.")
    return msgspec.structs.replace(intent, allow=_sorted(allowed), deny=_sorted(denied))


def _sorted(events: Iterable[Event]) -> tuple[Event, ...]:
    return tuple(sorted(events, key=str))


def event(text: str) -> Event:
    """The event that a user names (`ptrace`, `socket(AF_UNIX,SOCK_STREAM,0)`, `CAP_CHOWN`).

    UsageError if there is no such event.
    """
    try:
        found = parse_event(text)
        check_event(found)
    except ValueError:
        raise UsageError(
            f"There is no event {escape_untrusted(text[:_LONGEST])!r}: name a system call (read), "
            "one "
            "with an argument class as `beacon explain` shows it, or a capability (CAP_CHOWN)."
        ) from None
    if not isinstance(found, Syscall):
        return found
    if abis := _only_elsewhere(found):
        others = " or ".join(str(Syscall(found.name, abi)) for abi in abis)
        raise UsageError(f"{found.abi} has no system call {found.name}: name {others}.")
    if found.argument is not None:
        return msgspec.structs.replace(found, argument=canonical(found.name, found.argument))
    return found


def _only_elsewhere(call: Syscall) -> list[Abi]:
    """The ABIs that have the call; none if its own has it."""
    abis = [abi for abi, calls in tables().syscalls.items() if call.name in calls]
    return [] if call.abi in abis else abis


def check_event(found: Event) -> None:
    """ValueError if there is no such call, argument class or capability."""
    known = is_syscall if isinstance(found, Syscall) else is_capability
    if not known(found.name):
        raise ValueError(found.name)
    if isinstance(found, Syscall) and found.argument is not None:
        canonical(found.name, found.argument)


def check_classes(events: Iterable[Event]) -> None:
    """UsageError for an argument class that no BeaCon has written so."""
    for each in events:
        if isinstance(each, Syscall) and each.argument is not None:
            try:
                right = canonical(each.name, each.argument) == each.argument
            except ValueError:
                right = False
            if not right:
                name = escape_untrusted(str(each)[:_LONGEST])
                raise UsageError(f"The document is damaged (it has {name}): make it again.")


def check_environments(intent: Intent, profile: Profile) -> None:
    """UsageError for an environment that the profile lacks, or that matters and is ignored."""
    both = sorted({*intent.matter} & {*intent.ignore})
    if both:
        raise UsageError(
            f"{escape_untrusted(both[0])} is in both `matter` and `ignore`: "
            "remove it from one of them."
        )
    unknown = sorted(({*intent.ignore} - {EVERYTHING} | {*intent.matter}) - _named(profile.runs))
    if unknown:
        raise UsageError(
            f"No run of this profile was in an environment {escape_untrusted(unknown[0])!r}: "
            "name one of those that `beacon dimensions` lists and that was explored."
        )
    dead = sorted({*intent.matter} - _named(profile.ready_runs()))
    if dead:
        raise UsageError(
            f"No run of this profile became ready in an environment {escape_untrusted(dead[0])!r}: "
            "it cannot matter, take it out."
        )


def _named(runs: Iterable[Run]) -> set[str]:
    """The names by which an intent may call the runs' environments."""
    settings = {setting for run in runs for setting in run.environment.settings}
    return {each.dimension for each in settings} | {str(each) for each in settings}
