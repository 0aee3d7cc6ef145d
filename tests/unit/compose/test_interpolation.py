from __future__ import annotations

import time
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beacon.compose.interpolation import Interpolation, InterpolationError

KNOWN = {"SET": "value", "EMPTY": "", "NESTED": "$SET"}


def text(words: str) -> str:
    return Interpolation(KNOWN).text(words)


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("plain", "plain"),
        ("$SET", "value"),
        ("a${SET}b", "avalueb"),
        ("$$SET", "$SET"),
        ("$UNSET.", "."),
        ("${UNSET}", ""),
        ("${UNSET-x}", "x"),
        ("${UNSET:-x}", "x"),
        ("${EMPTY-x}", ""),
        ("${EMPTY:-x}", "x"),
        ("${SET:-x}", "value"),
        ("${SET-x}", "value"),
        ("${SET:+x}", "x"),
        ("${EMPTY:+x}", ""),
        ("${EMPTY+x}", "x"),
        ("${UNSET+x}", ""),
        ("${SET?no}", "value"),
        ("${UNSET:-${SET}}", "value"),
        ("${UNSET:-${EMPTY:-a}b}c", "abc"),
        ("$NESTED", "$SET"),
    ],
)
def test_variables_are_replaced(words: str, found: str) -> None:
    assert text(words) == found


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("$", "names no variable"),
        ("$1", "names no variable"),
        ("${}", "names no variable"),
        ("${SET", "has no end"),
        ("${SET/a/b}", "is not understood"),
        ("${UNSET?set it}", "the variable UNSET is not set .set it"),
        ("${UNSET:?}", "it has no default"),
        ("${EMPTY:?}", "EMPTY is not set"),
    ],
)
def test_what_is_not_understood(words: str, said: str) -> None:
    with pytest.raises(InterpolationError, match=said):
        text(words)


def test_only_values_are_replaced_and_numbers_stay() -> None:
    document = {"$SET": ["$SET", 1, None, True, {"a": "${SET}"}]}
    assert Interpolation(KNOWN).document(document) == {
        "$SET": ["value", 1, None, True, {"a": "value"}]
    }


def test_aliases_do_not_grow_without_end() -> None:
    bomb: Any = "x"
    for _ in range(40):
        bomb = [bomb, bomb]
    with pytest.raises(InterpolationError, match="too large"):
        Interpolation({}).document(bomb)
    with pytest.raises(InterpolationError, match="too deep"):
        text("${U:-" * 100 + "}" * 100)


@given(st.text(alphabet="${}:-+?AB ", max_size=40))
def test_any_text_ends_in_a_value_or_a_reason(words: str) -> None:
    said = "a value"
    try:
        Interpolation({"A": "a", "B": ""}).text(words)
    except InterpolationError as reason:
        said = str(reason)
    assert said


@given(st.text(max_size=40))
def test_doubled_dollars_are_the_text_itself(words: str) -> None:
    assert text(words.replace("$", "$$")) == words


@pytest.mark.parametrize(
    "value", ["$UNSET" * 150_000, "${UNSET}" * 100_000, "${U:-" * 60 + "$$" * 400_000 + "}" * 60]
)
def test_a_long_value_takes_time_that_grows_with_its_length(value: str) -> None:
    began = time.process_time()
    with suppress(InterpolationError):
        Interpolation({}).text(value)
    assert time.process_time() - began < 5


def test_variables_do_not_grow_without_end() -> None:
    for document in (["$LONG"] * 5_000, ["$UNSET" * 1_000] * 5_000, "${U:-" * 20 + "$LONG"):
        with pytest.raises(InterpolationError, match=r"too large|no end"):
            Interpolation({"LONG": "x" * 10_000}).document(document)


def test_what_is_not_used_is_read_and_no_more() -> None:
    assert text("${SET:-${UNSET?no}}") == "value"
    assert text("${UNSET:+${UNSET?no}}") == ""
    assert text("a}b") == "a}b"
