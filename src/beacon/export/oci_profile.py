"""What an OCI seccomp profile that somebody may have edited means, as runc and libseccomp take it.

https://github.com/opencontainers/runtime-spec/blob/main/config-linux.md#seccomp; matchCall in
runc's libcontainer/seccomp/seccomp_linux.go; db_rule_add in libseccomp's src/db.c.
"""

from __future__ import annotations

import errno
import json
from collections.abc import Iterable, Mapping, Sequence
from itertools import product
from typing import Annotated, Any, Literal, NamedTuple

import msgspec
from msgspec import Meta

from beacon.data.kernel import WITHOUT_CLASSES
from beacon.export.cubes import EVERYTHING, Cube, Steps, difference, masked, together
from beacon.export.seccomp import ARCHITECTURES
from beacon.model.architecture import Architecture
from beacon.model.text import escape_untrusted

_Register = Annotated[int, Meta(ge=0)]  # msgspec has no bounds beyond 63 bits
_Errno = Annotated[int, Meta(ge=0, le=4095)]
_Action = Literal[
    "SCMP_ACT_ALLOW", "SCMP_ACT_LOG", "SCMP_ACT_TRACE", "SCMP_ACT_NOTIFY", "SCMP_ACT_ERRNO",
    "SCMP_ACT_TRAP", "SCMP_ACT_KILL", "SCMP_ACT_KILL_THREAD", "SCMP_ACT_KILL_PROCESS",
]  # fmt: skip
_Architecture = Literal[
    "SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32", "SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM"
]
#: libseccomp's filter is for the machine's own architecture whatever the profile lists.
_NATIVE = frozenset(ARCHITECTURES[each.native] for each in Architecture)
_NARROW = frozenset(ARCHITECTURES[abi] for abi in WITHOUT_CLASSES)
_WORD, _HALF = (1 << 64) - 1, (1 << 32) - 1
#: With these a call may be made: a tracer or a supervisor may let it through.
_PERMITTING = frozenset({"SCMP_ACT_ALLOW", "SCMP_ACT_LOG", "SCMP_ACT_TRACE", "SCMP_ACT_NOTIFY"})
_WITH_ERRNO = "SCMP_ACT_ERRNO"
_SHOWN = 200  # characters of what cannot be read
#: Names with conditions, over all rules; BeaCon writes some hundred. Each makes a part of a ruling.
_MOST_PARTS = 10_000


class UnreadableProfileError(ValueError):
    """Not a profile of the sort that BeaCon writes; the text says why."""


class _Argument(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    index: Annotated[int, Meta(ge=0, le=5)]
    value: _Register
    op: str
    value_two: _Register = 0


class _Rule(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    names: tuple[str, ...]
    action: _Action
    errno_ret: _Errno | None = None
    args: tuple[_Argument, ...] = ()


class _Document(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """Fields that BeaCon does not write (a listener, flags, Docker's `includes`) are refused."""

    default_action: _Action
    default_errno_ret: _Errno | None = None
    architectures: tuple[_Architecture, ...] = ()
    syscalls: tuple[_Rule, ...] = ()


class Answer(NamedTuple):
    """What a call gets; `errno` for SCMP_ACT_ERRNO only."""

    action: str
    errno: int | None = None

    @property
    def permits(self) -> bool:
        """Whether the call may be made."""
        return self.action in _PERMITTING


class Ruling(NamedTuple):
    """What a call gets for some arguments, and for the rest of them."""

    rest: Answer
    parts: tuple[tuple[Cube, Answer], ...] = ()

    def permitted(self, steps: Steps | None = None) -> list[Cube]:
        """The arguments with which it may be made; TooComplexError.

        Where rules contradict each other, whatever one of them lets through.
        """
        let_through = [cube for cube, answer in self.parts if answer.permits]
        if not self.rest.permits:
            return let_through
        stopped = [cube for cube, answer in self.parts if not answer.permits]
        return [*let_through, *difference([EVERYTHING], stopped, steps)]


class Profile(NamedTuple):
    """A profile's meaning: rulings by the call's name; the default for all other calls."""

    default: Answer
    architectures: frozenset[str]
    calls: Mapping[str, Ruling]

    def ruling(self, call: str) -> Ruling:
        """What the profile says of a call."""
        return self.calls.get(call, Ruling(self.default))


def read_profile(text: str) -> Profile:
    """The meaning of a profile's JSON; UnreadableProfileError for what BeaCon does not write."""
    try:
        document = json.loads(text, object_pairs_hook=unambiguous)
    except (ValueError, RecursionError) as error:
        raise UnreadableProfileError(escape_untrusted(str(error)[:_SHOWN])) from None
    return meaning(document)


def meaning(document: Any) -> Profile:
    """The same of a document that has been read already."""
    try:
        found = msgspec.convert(document, _Document)
        default = _answer(found.default_action, found.default_errno_ret)
        narrow = not _NARROW.isdisjoint(found.architectures)
        calls = _rulings(default, found.syscalls, narrow=narrow)
    except (ValueError, RecursionError) as error:  # ValidationError is one
        raise UnreadableProfileError(escape_untrusted(str(error)[:_SHOWN])) from None
    return Profile(default, _NATIVE | frozenset(found.architectures), calls)


def unambiguous(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """Of a name that is there twice, readers take one or the other."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("it has a field twice")
    return found


def _answer(action: str, number: int | None) -> Answer:
    if action != _WITH_ERRNO:
        return Answer(action)
    return Answer(action, errno.EPERM if number is None else number)


def _rulings(default: Answer, rules: Iterable[_Rule], *, narrow: bool) -> dict[str, Ruling]:
    """As runc adds the rules: none that says what the default does."""
    found: dict[str, Ruling] = {}
    parts = 0
    for rule in rules:
        answer, names = _answer(rule.action, rule.errno_ret), dict.fromkeys(rule.names)
        cubes = _cubes(rule.args, narrow=narrow) if answer != default else []
        parts += len(cubes) * len(names)
        if parts > _MOST_PARTS:
            raise ValueError(f"more than {_MOST_PARTS} rules")
        for cube, name in product(cubes, names):
            found[name] = _with(found.get(name, Ruling(default)), cube, answer, default)
    return found


def _with(ruling: Ruling, cube: Cube, answer: Answer, default: Answer) -> Ruling:
    """As libseccomp adds a rule: the first that holds always ends all others of its call."""
    if ruling.rest != default:
        return ruling
    if cube == EVERYTHING:
        return Ruling(answer)
    return Ruling(default, (*ruling.parts, (cube, answer)))


def _cubes(arguments: Sequence[_Argument], *, narrow: bool) -> list[Cube]:
    """Where a rule holds; with two conditions on one argument, runc takes each for a rule."""
    held = [_condition(argument, narrow=narrow) for argument in arguments]
    twice = len({argument.index for argument in arguments}) < len(arguments)
    return held if twice else [together(held)]


def _condition(argument: _Argument, *, narrow: bool) -> Cube:
    """Comparisons by order are refused: libseccomp joins those of several rules its own way."""
    mask, value = argument.value, argument.value_two
    if argument.op == "SCMP_CMP_EQ":
        mask, value = _WORD, argument.value
    elif argument.op != "SCMP_CMP_MASKED_EQ":
        raise ValueError(f"a condition with {argument.op}")
    if value & ~mask:
        raise ValueError("a condition that never holds")
    if max(mask, value) > _WORD:
        raise ValueError("a condition on more than 64 bits")
    # On i386 libseccomp compares the lower half, whatever the condition says of the upper one.
    if narrow and max(mask, value) > _HALF:
        raise ValueError("a condition on more than the 32 bits that i386 and arm have")
    return masked(argument.index, mask, value)
