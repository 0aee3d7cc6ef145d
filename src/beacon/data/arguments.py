"""Argument classes: what a system call's register arguments say about the risk of it."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from functools import cache
from importlib import resources

import msgspec

from beacon.model.event import Syscall

#: The class of a call with flags when none of the named ones is set.
PLAIN = "plain"
_WORD = 0xFFFFFFFF


class ArgumentKind(StrEnum):
    """How an argument is told apart."""

    VALUE = "value"
    FLAGS = "flags"


class Argument(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One argument: its place among the registers, and what its values are called.

    With `by` the names depend on the value of the argument of that name.
    """

    name: str
    index: int
    kind: ArgumentKind = ArgumentKind.VALUE
    mask: int = _WORD
    names: dict[str, int] = {}
    by: str | None = None
    names_by: dict[str, dict[str, int]] = {}

    @property
    def judged(self) -> int:
        """The bits that matter."""
        return sum(self.names.values()) if self.kind is ArgumentKind.FLAGS else self.mask


class Multiplexer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A call that is many calls; `why` says what its arguments decide."""

    why: str
    arguments: tuple[Argument, ...]

    @property
    def has_flags(self) -> bool:
        """Whether its classes are flags: such a call has one argument."""
        return self.arguments[0].kind is ArgumentKind.FLAGS


class Condition(msgspec.Struct, frozen=True, order=True):
    """Holds for a call whose argument `index`, after `mask`, is `value`."""

    index: int
    mask: int
    value: int


@cache
def multiplexers() -> Mapping[str, Multiplexer]:
    """By the name of the call; the table is read once."""
    text = resources.files("beacon.data").joinpath("arguments.toml").read_text()
    return msgspec.convert(tomllib.loads(text), dict[str, Multiplexer])


def is_whole(call: Syscall) -> bool:
    """Whether it stands for a call that is many calls, all of them."""
    return call.argument is None and call.name in multiplexers()


def classes(call: str, values: Sequence[int]) -> tuple[str, ...]:
    """The classes that one call with these (masked) arguments belongs to.

    >>> classes("socket", (2, 1, 6)), classes("clone", (0x10020000,)), classes("clone", (0,))
    (('AF_INET,SOCK_STREAM,IPPROTO_TCP',), ('CLONE_NEWNS', 'CLONE_NEWUSER'), ('plain',))
    """
    arguments = multiplexers()[call].arguments
    if multiplexers()[call].has_flags:
        (argument,), (value,) = arguments, values
        return tuple(name for name, bit in argument.names.items() if value & bit) or (PLAIN,)
    words: dict[str, str] = {}
    for argument, value in zip(arguments, values, strict=True):
        words[argument.name] = _word(_names(argument, words), value & argument.mask)
    return (",".join(words.values()),)


def fields(call: str, argument_class: str) -> dict[str, str]:
    """What a class says of each argument, by the argument's name."""
    arguments = multiplexers()[call].arguments
    words = argument_class.split(",")
    return {each.name: word for each, word in zip(arguments, words, strict=True)}


def holds(call: str, argument_class: str, field: str, wanted: Sequence[str]) -> bool:
    """Whether a call of this class may have an argument `field` that is one of `wanted`.

    It may unless the class says otherwise: a field or a name that the table lacks excludes nothing.
    Names are compared by their numbers, for some have two.
    """
    arguments = {each.name: each for each in multiplexers()[call].arguments}
    if field not in arguments:
        return True
    argument = arguments[field]
    if argument.kind is ArgumentKind.FLAGS:
        return argument_class in wanted or not argument.names.keys() >= set(wanted)
    words = fields(call, argument_class)
    names = _names(argument, words)
    if not names.keys() >= set(wanted):
        return any(name not in _all_names(argument) for name in wanted)
    number = _number(names, words[field])
    return any(names[name] == number for name in wanted)


def _all_names(argument: Argument) -> frozenset[str]:
    return frozenset(argument.names).union(*argument.names_by.values())


def conditions(call: str, allowed: Iterable[str]) -> list[tuple[Condition, ...]]:
    """What a filter has to ask so that only these classes pass: each tuple is a rule of its own.

    ValueError for a class that the call does not have.
    """
    multiplexer = multiplexers()[call]
    if not multiplexer.has_flags:
        return sorted(tuple(_equals(call, each)) for each in set(allowed))
    (argument,) = multiplexer.arguments
    free = sum(_number(argument.names, name) for name in set(allowed) - {PLAIN})
    return [(Condition(argument.index, argument.judged & ~free, 0),)]


def _equals(call: str, argument_class: str) -> Iterator[Condition]:
    words = fields(call, argument_class)
    for argument in multiplexers()[call].arguments:
        value = _number(_names(argument, words), words[argument.name])
        yield Condition(argument.index, argument.mask, value)


def _names(argument: Argument, words: Mapping[str, str]) -> Mapping[str, int]:
    if argument.by is None:
        return argument.names
    return argument.names_by.get(words[argument.by], {})


def _word(names: Mapping[str, int], value: int) -> str:
    return next((name for name, number in names.items() if number == value), f"{value:#x}")


def _number(names: Mapping[str, int], word: str) -> int:
    return names[word] if word in names else int(word, 16)
