from __future__ import annotations

import pytest

from beacon.page.html import Html, lines, tag, text, together


@pytest.mark.parametrize(
    ("content", "shown"),
    [
        ("<b>", "&lt;b&gt;"),
        ("\"'&", "&quot;&#x27;&amp;"),
        ("\x1b[2J", r"\x1b[2J"),
        ("a\u202eb\u2028", r"a\u202eb\u2028"),
        ("\ud800", r"\ud800"),
        (7, "7"),
        (Html("<b>"), "<b>"),
    ],
)
def test_text(content: object, shown: str) -> None:
    assert text(content) == shown


def test_an_element() -> None:
    made = tag("p", "<", tag("b", ">"), class_="a", data_x='"', hidden=True, id=None, open=False)
    assert made == '<p class="a" data-x="&quot;" hidden>&lt;<b>&gt;</b></p>'
    assert tag("input", type="range") == '<input type="range">'


def test_parts_and_lines() -> None:
    assert together(["<", Html("<br>")]) == "&lt;<br>"
    assert lines("a\n\x1b<") == "a\n\\x1b&lt;"


def test_what_is_joined_by_python_is_text_again() -> None:
    assert text(tag("b") + tag("i")) == "&lt;b&gt;&lt;/b&gt;&lt;i&gt;&lt;/i&gt;"
