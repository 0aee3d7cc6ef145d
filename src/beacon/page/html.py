"""Builds HTML of which every text is escaped: much of it is attackers' data."""

from __future__ import annotations

import html
from collections.abc import Iterable

from beacon.model.text import escape_for_terminal

_VOID = frozenset({"br", "input", "link", "meta"})


class Html(str):
    """Markup that was escaped where it was built; any other string is text."""

    __slots__ = ()


def text(content: object) -> Html:
    r"""The text, with what moves a cursor or reorders text as an escape (`\x1b`, `\u202e`)."""
    if isinstance(content, Html):
        return content
    return Html(html.escape(escape_for_terminal(str(content)), quote=True))


def tag(name: str, /, *children: object, **attributes: object) -> Html:
    """An element. Names are the program's own: `class_` and `aria_label` lose the underscore.

    An attribute that is None or False is left out, one that is True has no value.
    """
    shown = "".join(_attribute(*each) for each in attributes.items())
    if name in _VOID:
        return Html(f"<{name}{shown}>")
    return Html(f"<{name}{shown}>{together(children)}</{name}>")


def together(parts: Iterable[object]) -> Html:
    """Elements and texts, one behind the other."""
    return Html("".join(map(text, parts)))


def lines(content: str) -> Html:
    """Text of several lines, which stay lines."""
    return Html("\n".join(map(text, content.splitlines())))


def table(
    label: str, columns: Iterable[str], rows: Iterable[Iterable[object]], body: str | None = None
) -> Html:
    """A table in a part of its own that scrolls; `body` is the id of its rows.

    A row that is markup already is taken as it is.
    """
    head = tag("tr", *(tag("th", column, scope="col") for column in columns))
    filled = (row if isinstance(row, Html) else tag("tr", *map(cell, row)) for row in rows)
    made = tag(
        "table",
        tag("caption", label),
        tag("thead", head),
        tag("tbody", *filled, id=body),
    )
    # Without a place in the order of the tabulator the keyboard could not scroll it.
    return tag("div", made, class_="wide", tabindex="0", role="region", aria_label=label)


def cell(content: object) -> Html:
    """A cell of a table."""
    return tag("td", content)


def _attribute(name: str, value: object) -> str:
    if value is None or value is False:
        return ""
    shown = name.rstrip("_").replace("_", "-")
    return f" {shown}" if value is True else f' {shown}="{text(value)}"'
