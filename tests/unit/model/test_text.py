from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from beacon.model.text import printable


@given(st.binary())
def test_nothing_unprintable_is_left(raw: bytes) -> None:
    assert printable(raw).isprintable()


@given(st.text(), st.text())
def test_different_texts_stay_different(one: str, other: str) -> None:
    assert (printable(one) == printable(other)) == (one == other)


@given(st.binary(), st.binary())
def test_different_bytes_stay_different(one: bytes, other: bytes) -> None:
    assert (printable(one) == printable(other)) == (one == other)


def test_bytes_that_are_no_text() -> None:
    assert printable(b"\xff") == r"\udcff"
    assert printable(rb"\xff") == r"\\xff"


def test_escapes_are_spelt_out() -> None:
    assert printable(b"\x1b[31mred\x07") == r"\x1b[31mred\x07"
    assert printable("a\u202eb") == r"a\u202eb"
    assert printable("a\nb") == r"a\nb"


def test_plain_text_is_untouched() -> None:
    assert printable("nginx: wörker <b>&amp;") == "nginx: wörker <b>&amp;"
