"""Finds what can be removed without harm, by adaptive group testing.

Each question is a set whose removal is tried. Groups are as large as the share of what was needed
so far suggests: one by one where most is needed, large ones where little is. So `k` needed of `n`
cost about `k log(n/k)` questions, and never many more than `n`. A group that does harm is halved,
or its suspects are asked alone if the answer names some. What does no harm is removed for good,
together, so that what makes up for something else stays as soon as that is gone.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

Item = TypeVar("Item", bound=Hashable)

#: Questions of one round, for each that is answered at a time: rounds wait for their slowest.
_ROUND = 4


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
    """What was removed, what is needed, and what was not settled.

    The removal of just `removed` was tried and does no harm. Each of `needed` did harm when it
    was removed alone, beside some of `removed`.
    """

    removed: frozenset[Item]
    needed: tuple[Item, ...]
    open: tuple[Item, ...] = ()


def shrink(
    items: Sequence[Item], ask: Ask[Item], width: int, removed: frozenset[Item] = frozenset()
) -> Shrunk[Item]:
    """Remove of the items what can go beside what is `removed`; `width` questions at a time."""
    fresh, waiting = deque(items), deque[Sequence[Item]]()
    needed: list[Item] = []
    unsettled: list[Item] = []
    while fresh or waiting:
        size = _group_size(len(needed), len(items) - len(fresh))
        groups: list[Sequence[Item]] = []
        while (fresh or waiting) and len(groups) < _ROUND * width:
            groups.append(waiting.popleft() if waiting else _taken(fresh, size))
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
                waiting.extend(_narrowed(group, answer.suspects))
        removed, again = _together(harmless, ask, removed)
        waiting.extend(again)
    return Shrunk(removed, tuple(needed), tuple(unsettled))


def _group_size(needed: int, asked: int) -> int:
    """The size at which one group in two does harm, if the rest is as what was asked."""
    share = (needed + 1) / (asked + 2)
    return max(1, round(math.log(2) / share))


def _taken(items: deque[Item], count: int) -> Sequence[Item]:
    return [items.popleft() for _ in range(min(count, len(items)))]


def _together(
    groups: Sequence[Sequence[Item]], ask: Ask[Item], removed: frozenset[Item]
) -> tuple[frozenset[Item], Sequence[Sequence[Item]]]:
    """Remove groups, of which each does no harm beside `removed`, as far as they do none together.

    The others are to be asked again.
    """
    if len(groups) < 2:
        return removed.union(*groups), ()
    (answer,) = ask([removed.union(*groups)])
    if answer is None:
        return removed.union(groups[0]), groups[1:]
    if not answer.harm:
        return removed.union(*groups), ()
    clear = [group for group in groups if answer.suspects.isdisjoint(group)]
    some = clear if 0 < len(clear) < len(groups) else groups[: len(groups) // 2]
    chosen = {id(group) for group in some}
    removed, again = _together(some, ask, removed)
    return removed, [*again, *(group for group in groups if id(group) not in chosen)]


def _narrowed(group: Sequence[Item], suspects: frozenset[Item]) -> Sequence[Sequence[Item]]:
    """The groups to ask about next: suspects and others apart, or halves."""
    blamed = [item for item in group if item in suspects]
    others = [item for item in group if item not in suspects]
    if blamed and others:
        return [[item] for item in blamed] + [others]
    return [group[::2], group[1::2]]
