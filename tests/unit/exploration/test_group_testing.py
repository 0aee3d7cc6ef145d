from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from hypothesis import given
from hypothesis import strategies as st

from beacon.exploration.group_testing import Answer, Ask, Shrunk, shrink

Harm = Callable[[frozenset[int]], bool]


class Oracle:
    """Answers by a rule, names suspects by another, and counts."""

    def __init__(
        self, harm: Harm, suspects: Callable[[frozenset[int]], frozenset[int]], budget: int = 10**9
    ) -> None:
        self.harm, self.suspects, self.left = harm, suspects, budget
        self.asked = 0
        self.harmless: set[frozenset[int]] = {frozenset()}

    def __call__(self, questions: Sequence[frozenset[int]]) -> list[Answer[int] | None]:
        return [self._answer(each) for each in questions]

    def _answer(self, removed: frozenset[int]) -> Answer[int] | None:
        if self.asked >= self.left:
            return None
        self.asked += 1
        if not self.harm(removed):
            self.harmless.add(removed)
            return Answer(harm=False)
        return Answer(harm=True, suspects=self.suspects(removed))


def nobody(_: frozenset[int]) -> frozenset[int]:
    return frozenset()


def ask(oracle: Oracle) -> Ask[int]:
    return oracle


@given(st.integers(1, 60), st.data(), st.integers(1, 8))
def test_what_is_needed_stays_and_all_else_goes(
    count: int, data: st.DataObject, width: int
) -> None:
    needed = data.draw(st.frozensets(st.integers(0, count - 1)))
    oracle = Oracle(lambda removed: bool(removed & needed), nobody)
    found = shrink(range(count), ask(oracle), width)
    assert frozenset(found.needed) == needed
    assert found.removed == frozenset(range(count)) - needed
    assert found.open == ()


@given(
    st.integers(1, 30),
    st.lists(st.frozensets(st.integers(0, 29), min_size=1, max_size=3), max_size=8),
    st.integers(1, 8),
)
def test_what_makes_up_for_another_stays_once_that_is_gone(
    count: int, alternatives: list[frozenset[int]], width: int
) -> None:
    """Of each set of alternatives one has to stay, and the removal was tried as a whole."""
    wanted = [each & frozenset(range(count)) for each in alternatives]
    wanted = [each for each in wanted if each]
    oracle = Oracle(lambda removed: any(each <= removed for each in wanted), nobody)
    found = shrink(range(count), ask(oracle), width)
    kept = frozenset(range(count)) - found.removed
    assert all(kept & each for each in wanted)
    assert found.removed in oracle.harmless
    # None of what stays could go as well.
    assert all(oracle.harm(found.removed | {item}) for item in kept)


@given(st.integers(1, 60), st.data(), st.integers(1, 8), st.integers(0, 20))
def test_a_budget_leaves_what_it_does_not_reach_open(
    count: int, data: st.DataObject, width: int, budget: int
) -> None:
    needed = data.draw(st.frozensets(st.integers(0, count - 1)))
    oracle = Oracle(lambda removed: bool(removed & needed), nobody, budget)
    found = shrink(range(count), ask(oracle), width)
    assert sorted((*found.removed, *found.needed, *found.open)) == list(range(count))
    assert not found.removed & needed
    assert found.removed in oracle.harmless
    assert oracle.asked <= budget


def test_few_needed_cost_the_logarithm() -> None:
    needed = frozenset({3, 400, 901})
    oracle = Oracle(lambda removed: bool(removed & needed), nobody)
    shrink(range(1000), ask(oracle), 1)
    assert oracle.asked <= 8 * math.ceil(math.log2(1000))


def test_where_most_is_needed_each_costs_one_question() -> None:
    needed = frozenset(range(90))
    oracle = Oracle(lambda removed: bool(removed & needed), nobody)
    shrink(range(100), ask(oracle), 8)
    assert oracle.asked <= 100 + 5


def test_suspects_are_asked_alone() -> None:
    needed = frozenset({500})
    oracle = Oracle(lambda removed: bool(removed & needed), lambda removed: removed & needed)
    found = shrink(range(1000), ask(oracle), 1)
    assert found.needed == (500,)
    assert oracle.asked <= 30


def test_nothing_to_remove_asks_nothing() -> None:
    oracle = Oracle(lambda _: True, nobody)
    assert shrink([], ask(oracle), 4) == Shrunk(frozenset(), ())
    assert oracle.asked == 0


def test_what_is_removed_already_stays_removed() -> None:
    oracle = Oracle(lambda removed: 1 in removed, nobody)
    found = shrink([1, 2], ask(oracle), 2, frozenset({7}))
    assert found == Shrunk(frozenset({2, 7}), (1,))
