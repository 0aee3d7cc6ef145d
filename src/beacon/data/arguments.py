"""Argument classes: what a system call's register arguments say about the risk of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from functools import cache

import msgspec

from beacon.data.table import read_table
from beacon.model.event import Syscall

#: The class of a call with flags when none of the named ones is set.
PLAIN = "plain"
_WORD = 0xFFFFFFFF
_NUMBER = re.compile(r"0x[0-9a-f]{1,8}|0|[1-9][0-9]{0,9}", re.ASCII)


class ArgumentKind(StrEnum):
    """How an argument is told apart."""

    VALUE = "value"
    FLAGS = "flags"


class Argument(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One argument: its place among the registers, and what its values are called.

    With `by` the names depend on the value of the argument of that name. `dynamic`: a value without
    a name may do what any named one does (clocks of other processes have numbers of their own).
    """

    name: str
    index: int
    kind: ArgumentKind = ArgumentKind.VALUE
    mask: int = _WORD
    names: dict[str, int] = {}
    by: str | None = None
    names_by: dict[str, dict[str, int]] = {}
    dynamic: bool = False

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
    return read_table("arguments.toml", dict[str, Multiplexer])


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


def named_classes(call: str) -> tuple[str, ...]:
    """Every class of a call whose values all have names, or are the default protocol (0)."""
    multiplexer = multiplexers()[call]
    if multiplexer.has_flags:
        return (PLAIN, *multiplexer.arguments[0].names)
    found: list[dict[str, str]] = [{}]
    for argument in multiplexer.arguments:
        found = [{**w, argument.name: v} for w in found for v in _values(argument, w)]
    return tuple(",".join(words.values()) for words in found)


def _values(argument: Argument, words: Mapping[str, str]) -> Iterator[str]:
    names = _names(argument, words)
    yield from names
    if argument.name == "protocol" and 0 not in names.values():
        yield "0x0"


def fields(call: str, argument_class: str) -> dict[str, str]:
    """What a class says of each argument, by the argument's name."""
    arguments = multiplexers()[call].arguments
    words = argument_class.split(",")
    return {each.name: word for each, word in zip(arguments, words, strict=True)}


def canonical(call: str, argument_class: str) -> str:
    """The class as `classes` spells it: `socket(2,1,0)` is `AF_INET,SOCK_STREAM,0x0`.

    ValueError for what is no class of this call.
    """
    if call not in multiplexers():
        raise ValueError(f"{call} has no argument classes")
    if multiplexers()[call].has_flags:
        (argument,) = multiplexers()[call].arguments
        if argument_class != PLAIN and argument_class not in argument.names:
            raise ValueError(f"{call} has no flag {argument_class}")
        return argument_class
    (spelt,) = classes(call, [condition.value for condition in _equals(call, argument_class)])
    return spelt


def holds(call: str, argument_class: str, field: str, wanted: Sequence[str]) -> bool:
    """Whether a call of this class may have an argument `field` that is one of `wanted`.

    It may unless the class says otherwise: a field or a name that the table lacks excludes nothing.
    Names are compared by their numbers, for some have two.
    """
    arguments = {each.name: each for each in multiplexers()[call].arguments}
    if field not in arguments:
        return True
    argument = arguments[field]
    if any(name not in _all_names(argument) for name in wanted):
        return True
    if argument.kind is ArgumentKind.FLAGS:
        return argument_class in wanted
    words = fields(call, argument_class)
    names = _names(argument, words)
    number = _number(argument, names, words[field])
    if argument.dynamic and number not in names.values():
        return True
    return any(names.get(name) == number for name in wanted)


def _all_names(argument: Argument) -> frozenset[str]:
    return frozenset(argument.names).union(*argument.names_by.values())


def conditions(call: str, allowed: Iterable[str]) -> list[tuple[Condition, ...]]:
    """What a filter has to ask so that only these classes pass: each tuple is a rule of its own.

    An empty one holds for every call: the classes are all that there are. Flags that are allowed
    one by one are allowed together. ValueError for a class that the call does not have.
    """
    classes_ = {canonical(call, each) for each in allowed}
    multiplexer = multiplexers()[call]
    if not multiplexer.has_flags:
        if len(classes_) == 1 << sum(each.mask.bit_count() for each in multiplexer.arguments):
            return [()]
        return sorted(tuple(_equals(call, each)) for each in classes_)
    (argument,) = multiplexer.arguments
    flags = sorted(argument.names[name] for name in classes_ - {PLAIN})
    others = argument.judged & ~sum(flags)
    if PLAIN in classes_:
        return [(Condition(argument.index, others, 0),)] if others else [()]
    # One of them has to be set.
    return [(Condition(argument.index, others | flag, flag),) for flag in flags]


def _equals(call: str, argument_class: str) -> Iterator[Condition]:
    words = fields(call, argument_class)
    for argument in multiplexers()[call].arguments:
        value = _number(argument, _names(argument, words), words[argument.name])
        yield Condition(argument.index, argument.mask, value)


def _names(argument: Argument, words: Mapping[str, str]) -> Mapping[str, int]:
    if argument.by is None:
        return argument.names
    return argument.names_by.get(words[argument.by], {})


def _word(names: Mapping[str, int], value: int) -> str:
    return next((name for name, number in names.items() if number == value), f"{value:#x}")


def _number(argument: Argument, names: Mapping[str, int], word: str) -> int:
    if word in names:
        return names[word]
    match = _NUMBER.fullmatch(word)
    number = int(word, 0) if match else -1
    if not 0 <= number <= argument.mask or number & ~argument.mask:
        raise ValueError(f"{argument.name} cannot be {word}")
    return number
