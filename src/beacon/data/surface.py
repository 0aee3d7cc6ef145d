"""What a system call adds to the attack surface, where no known vulnerability speaks of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from functools import cache
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from beacon.data.arguments import named_classes
from beacon.data.capabilities import worths
from beacon.data.indirect_syscalls import made_by
from beacon.data.table import read_table
from beacon.model.event import Event, Syscall

#: The most that an event may weigh to be called harmless: the weight of the level `common`.
HARMLESS = 0.05

State = Literal["own process", "own container", "another process", "host", "rare code"]


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """How much an event widens the attack surface: `weight` in 0..1, for the reason `why`.

    `touches` says what the event reads or changes; `level` is the weight's name.
    """

    weight: float
    level: str
    why: str
    touches: str


class Level(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A step of the scale, and what stands on it."""

    weight: Annotated[float, Meta(ge=0, le=1)]
    meaning: str


class Group(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Calls that one judgement covers whatever their arguments; `state` is whose they touch."""

    name: str
    level: str
    state: State
    touches: str
    why: str
    calls: tuple[str, ...]


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A judgement of the classes that match one of `patterns` (`AF_INET,SOCK_STREAM,*`).

    What it leaves out is the call's.
    """

    level: str
    why: str
    patterns: tuple[str, ...] = ("*",)
    touches: str | None = None
    state: State | None = None

    def covers(self, argument_class: str) -> bool:
        """Whether the class is one of these."""
        return any(fnmatchcase(argument_class, pattern) for pattern in self.patterns)


class Classes(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A call that is many calls: the first rule that covers a class judges it, else `other`."""

    call: str
    state: State
    touches: str
    other: Rule
    judged: tuple[Rule, ...] = ()

    @property
    def rules(self) -> Iterator[Rule]:
        """All of them, in the order in which they are asked."""
        yield from self.judged
        yield self.other

    def rule(self, argument_class: str) -> Rule:
        """The rule that judges the class."""
        return next(
            each for each in self.rules if each is self.other or each.covers(argument_class)
        )


class Surface(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """surface.toml. `i386` and `arm` have those ABIs' own names, each with what does the same."""

    levels: dict[str, Level]
    groups: tuple[Group, ...]
    classes: tuple[Classes, ...]
    i386: dict[str, str]
    arm: dict[str, str]


@cache
def surface() -> Surface:
    """The table, read once."""
    return read_table("surface.toml", Surface)


@cache
def weight_of(event: Event) -> Judgement:
    """The judgement of an event on any ABI; a capability's is its own worth.

    A call whatever its arguments is as bad as the worst of its classes, and one that makes other
    calls (i386's `ipc`) as the worst of those. A call without a name in the tables is not harmless.
    """
    if not isinstance(event, Syscall):
        return _worth(event.name)
    name = native_name(event.name)
    if name in _groups():
        group = _groups()[name]
        return _judgement(group.level, group.why, group.touches)
    if name in _classes():
        return _of_class(_classes()[name], event.argument)
    return _worst(_made(event))


def native_name(call: str) -> str:
    """What x86-64 calls the call that does the same, where i386 or arm has another name for it."""
    return surface().i386.get(call) or surface().arm.get(call, call)


def group_of(call: Syscall) -> str:
    """A name for all that one judgement covers: a group's, or that of a call and its level."""
    name = native_name(call.name)
    if name in _groups():
        return _groups()[name].name
    return f"{name}, {weight_of(call).level}"


def is_harmless(event: Event) -> bool:
    """Whether its denial buys nothing, as far as no known vulnerability says otherwise."""
    return weight_of(event).weight <= HARMLESS


@cache
def harmless_classes(call: str) -> tuple[str, ...]:
    """The classes of a call that is many calls whose denial buys nothing; those with names."""
    classes = named_classes(call)
    return tuple(each for each in classes if is_harmless(Syscall(call, argument=each)))


def _of_class(classes: Classes, argument_class: str | None) -> Judgement:
    rules = classes.rules if argument_class is None else [classes.rule(argument_class)]
    return _worst(
        _judgement(rule.level, rule.why, rule.touches or classes.touches) for rule in rules
    )


def _made(call: Syscall) -> Iterator[Judgement]:
    """Those of the calls that it makes; of one that nobody judged, that nobody did."""
    effects = [effect for found in made_by(call) for effect in found.effects]
    yield from (weight_of(Syscall(effect.call)) for effect in effects)
    if not effects:
        yield _judgement("fragile", "it is newer than this table, or unknown to it", "unknown")


def _worst(judgements: Iterator[Judgement]) -> Judgement:
    return max(judgements, key=lambda judgement: judgement.weight)


def _judgement(level: str, why: str, touches: str) -> Judgement:
    weight = surface().levels[level].weight
    return Judgement(weight=weight, level=level, why=why, touches=touches)


def _worth(capability: str) -> Judgement:
    worth = worths().get(capability)
    if worth is None:
        return _judgement("host", "it is newer than this table, or unknown to it", "unknown")
    touches = "what the capability guards"
    return Judgement(
        weight=worth.weight, level="capability", why=f"it {worth.why}", touches=touches
    )


@cache
def _groups() -> Mapping[str, Group]:
    return {call: group for group in surface().groups for call in group.calls}


@cache
def _classes() -> Mapping[str, Classes]:
    return {classes.call: classes for classes in surface().classes}
