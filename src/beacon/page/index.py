"""The page that links to the others, by relative addresses."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from beacon.page.document import document
from beacon.page.html import Html, table, tag, together
from beacon.page.model import PageModel
from beacon.page.page import page
from beacon.page.proof import verdict

INDEX_FILE = "index.html"
_COLUMNS = (
    *("image", "from", "system calls", "capabilities"),
    *("CVEs stopped", "CVEs open", "verification"),
)
_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")
_LONGEST = 100  # characters of a file's name


def pages(models: Sequence[PageModel]) -> dict[str, bytes]:
    """A page each, and the index, by the names of their files."""
    names = file_names(each.subject.name for each in models)
    made = {name: page(each, INDEX_FILE) for name, each in zip(names, models, strict=True)}
    rows = [_row(name, each) for name, each in zip(names, models, strict=True)]
    body = tag(
        "main",
        tag("h1", "BeaCon: policies"),
        table("Policies", _COLUMNS, rows),
    )
    return {**made, INDEX_FILE: document("BeaCon: policies", together([body]))}


def file_names(names: Iterable[str]) -> list[str]:
    """A harmless name for each, no two alike, whatever a file system makes of capitals."""
    taken = {INDEX_FILE}
    found: list[str] = []
    for name in names:
        plain = "".join(c if c in _PLAIN else "-" for c in name)[:_LONGEST].strip("-") or "page"
        number, made = 1, f"{plain}.html"
        while made.lower() in taken:
            number += 1
            made = f"{plain}-{number}.html"
        taken.add(made.lower())
        found.append(made)
    return found


def _row(name: str, model: PageModel) -> Html:
    subject = model.subject
    link = tag("th", tag("a", tag("code", subject.image.reference), href=name), scope="row")
    counts: tuple[object, ...] = ("none",) * 4
    if model.policies:
        counts = model.states.counts(model.shown)
    verified = "none" if subject.verification is None else verdict(subject)
    cells = (tag("code", subject.name), *counts, verified)
    return tag("tr", link, *(tag("td", each) for each in cells))
