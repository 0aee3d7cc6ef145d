from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from beacon.model.text import escape_untrusted


@given(st.binary())
def test_nothing_unprintable_is_left(raw: bytes) -> None:
    assert escape_untrusted(raw).isprintable()


@given(st.text(), st.text())
def test_different_texts_stay_different(one: str, other: str) -> None:
    assert (escape_untrusted(one) == escape_untrusted(other)) == (one == other)


@given(st.binary(), st.binary())
def test_different_bytes_stay_different(one: bytes, other: bytes) -> None:
    assert (escape_untrusted(one) == escape_untrusted(other)) == (one == other)


def test_bytes_that_are_no_text() -> None:
    assert escape_untrusted(b"\xff") == r"\udcff"
    assert escape_untrusted(rb"\xff") == r"\\xff"


def test_escapes_are_spelt_out() -> None:
    assert escape_untrusted(b"\x1b[31mred\x07") == r"\x1b[31mred\x07"
    assert escape_untrusted("a\u202eb") == r"a\u202eb"
    assert escape_untrusted("a\nb") == r"a\nb"


def test_plain_text_is_untouched() -> None:
    assert escape_untrusted("nginx: wörker <b>&amp;") == "nginx: wörker <b>&amp;"
