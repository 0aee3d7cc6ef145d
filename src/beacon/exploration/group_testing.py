"""Finds what can be removed without harm, many things at a time.

Each question is a set whose removal is tried. A set that does no harm is removed for good, so what
another thing makes up for stays as soon as that is gone. Of one that does harm the answer may name
suspects: with one suspect a question finds what is needed, else it is halved. So `k` needed of `n`
cost about `k` questions where suspects are named, and `k log n` where they are not.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

Item = TypeVar("Item", bound=Hashable)


@dataclass(frozen=True)
class Answer(Generic[Item]):
    """Whether a removal does harm, and which of what was removed may be at fault.

    Without `suspects` any of it may be.
    """

    harm: bool
    suspects: frozenset[Item] = frozenset()


#: Answers the questions, in their order and perhaps at the same time; None: it will ask no more.
Ask = Callable[[Sequence[frozenset[Item]]], Sequence[Answer[Item] | None]]


@dataclass(frozen=True)
class Shrunk(Generic[Item]):
    """What was removed, what seems needed, and what was not settled.

    The removal of just `removed` was tried and does no harm.
    """

    removed: frozenset[Item]
    needed: tuple[Item, ...]
    open: tuple[Item, ...] = ()


def shrink(
    items: Sequence[Item], ask: Ask[Item], width: int, removed: frozenset[Item] = frozenset()
) -> Shrunk[Item]:
    """Remove of the items what can go beside what is `removed`; `width` questions at a time."""
    waiting = deque(_parts(items, width))
    needed: list[Item] = []
    unsettled: list[Item] = []
    while waiting:
        groups = [waiting.popleft() for _ in range(min(width, len(waiting)))]
        answers = ask([removed | frozenset(group) for group in groups])
        harmless: list[Sequence[Item]] = []
        for group, answer in zip(groups, answers, strict=True):
            if answer is None:
                unsettled += group
            elif not answer.harm:
                harmless.append(group)
            elif len(group) == 1:
                needed += group
            else:
                found, rest = _narrowed(group, answer.suspects)
                needed += found
                waiting.extend(rest)
        removed, again = _together(harmless, ask, removed)
        waiting.extend(again)
    return Shrunk(removed, tuple(needed), tuple(unsettled))


def _together(
    groups: Sequence[Sequence[Item]], ask: Ask[Item], removed: frozenset[Item]
) -> tuple[frozenset[Item], Sequence[Sequence[Item]]]:
    """Remove groups that do no harm one by one; those that may do harm together are asked again."""
    if not groups:
        return removed, ()
    if len(groups) > 1:
        everything = removed.union(*groups)
        (answer,) = ask([everything])
        if answer is not None and not answer.harm:
            return everything, ()
    first = max(groups, key=len)
    return removed | frozenset(first), [group for group in groups if group is not first]


def _narrowed(
    group: Sequence[Item], suspects: frozenset[Item]
) -> tuple[Sequence[Item], Sequence[Sequence[Item]]]:
    """What is needed for certain, and the groups to ask about next."""
    blamed = [item for item in group if item in suspects] or list(group)
    rest = [item for item in group if item not in blamed]
    if len(blamed) == 1:
        return blamed, _parts(rest, 1)
    return (), [*_parts(blamed, 2), *_parts(rest, 1)]


def _parts(items: Sequence[Item], count: int) -> list[Sequence[Item]]:
    """The items in `count` parts of about the same size, none empty."""
    count = min(count, len(items))
    return [items[number::count] for number in range(count)]
