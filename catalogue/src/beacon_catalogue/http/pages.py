"""Follows the links of unknown pages, breadth first and within bounds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from beacon.workloads.checks import AnswerError, digest
from beacon.workloads.suite import Suite
from beacon_catalogue.http.markup import Form, Markup, fetched, read
from beacon_catalogue.http.site import Site
from beacon_catalogue.http.visit import AT_MOST, Seen, Visitor, harmful, place, template

SUITE = Suite[Site]()

#: Pages of one tour, clicks from the first, and pages that differ by a number only.
_PAGES, _DEPTH, _ALIKE = 40, 4, 3
_WAITING = 200
#: Seconds of one tour of two: both have to fit into one check.
_HALF = AT_MOST / 2
#: Characters of a check's value; a longer one ends in a digest of the whole.
_VALUE = 1500
_SCRIPTS = ("javascript", "ecmascript")
#: What does not change from visitor to visitor.
_STATIC = (
    *("text/css", "text/javascript", "application/javascript"),
    *("image/", "font/", "application/font", "application/wasm"),
)


@dataclass(kw_only=True)
class Tour:
    """What one visitor saw; `complete` unless his time was over first.

    `outcomes` are by the path's template, `forms` by the page that they are on, `scripts` by the
    page or file that they are in.
    """

    outcomes: dict[str, set[str]] = field(default_factory=dict)
    marks: dict[str, set[str]] = field(default_factory=dict)
    forms: list[tuple[str, Form]] = field(default_factory=list)
    scripts: list[tuple[str, str]] = field(default_factory=list)
    complete: bool = True
    more: bool = False


@dataclass(frozen=True)
class _Step:
    path: str
    depth: int


def tour(visitor: Visitor, start: str = "/") -> Tour:
    """Go from page to page; AnswerError if the server breaks off, or does not even begin."""
    found, waiting, known = Tour(), [_Step(start, 0)], {start}
    alike = Counter((template(start),))
    visited = 0
    while waiting:
        step = waiting.pop(0)
        if visitor.late or visited >= _PAGES:
            found.complete, found.more = not visitor.late, True
            break
        visited += 1
        seen = visitor.send("GET", step.path)
        if not seen.status and step.path == start:
            raise AnswerError(f"no answer to GET {start}")
        _keep(visitor.site, found, step.path, seen)
        for path in _onwards(visitor, found, step, seen):
            shape = template(path)
            if path not in known and alike[shape] < _ALIKE and len(waiting) < _WAITING:
                known.add(path)
                alike[shape] += 1
                waiting.append(_Step(path, step.depth + 1))
    return found


def _keep(site: Site, found: Tour, path: str, seen: Seen) -> None:
    what = f"{seen.outcome} {seen.kind}".strip() + (" empty" if _is_empty(seen) else "")
    shape = template(path)
    found.outcomes.setdefault(shape, set()).add(what)
    if seen.whole and seen.status == 200 and seen.kind.startswith(_STATIC):
        found.marks.setdefault(shape, set()).add(site.mark(seen.body))


def _is_empty(seen: Seen) -> bool:
    return seen.whole and seen.status == 200 and not seen.body


def _onwards(visitor: Visitor, found: Tour, step: _Step, seen: Seen) -> Iterator[str]:
    """Where a page leads, as far as a visitor goes; what it holds is noted."""
    references = []
    if 300 <= seen.status < 400:
        references = [seen.headers.get("location", "")]
    elif seen.status == 200 and "html" in seen.kind:
        markup = read(seen.text)
        page = place(visitor.site.peer, step.path, markup.base) or step.path
        _note(found, page, markup)
        references = [*markup.parts, *markup.links, *_fetched(markup.scripts)]
        step = _Step(page, step.depth)
    elif seen.status == 200 and any(word in seen.kind for word in _SCRIPTS):
        found.scripts.append((step.path, seen.text))
        references = list(fetched(seen.text))
    for reference in references if step.depth < _DEPTH else ():
        path = place(visitor.site.peer, step.path, reference) if reference else None
        if path is not None and not harmful(path):
            yield path


def _note(found: Tour, page: str, markup: Markup) -> None:
    found.forms += [(page, form) for form in markup.forms]
    found.scripts += [(page, script) for script in markup.scripts]


def _fetched(scripts: list[str]) -> Iterator[str]:
    for script in scripts:
        yield from fetched(script)


def told(outcomes: Mapping[str, set[str]], more: str = "") -> str:
    """All outcomes in one line, the same however they came."""
    lines = [f"{name}: {', '.join(sorted(whats))}" for name, whats in sorted(outcomes.items())]
    text = "; ".join([*lines, *([more] if more else [])]) or "none"
    return text if len(text) <= _VALUE else f"{text[:_VALUE]}… {digest(text.encode())}"


def toured(site: Site) -> Tour:
    """What was found by following links, now or before."""
    site.tour = found = site.tour or _visit(site)
    return found


def _visit(site: Site) -> Tour:
    visitor = Visitor(site, _HALF)
    with visitor.session():
        return tour(visitor)


@SUITE.check("links")
def _links(site: Site) -> str | None:
    """Twice, as two visitors: what they do not see alike has no value."""
    site.tour = first = _visit(site)
    if set(first.outcomes) == {"/"}:
        return "none"
    second = _visit(site)
    alike = first.outcomes == second.outcomes and first.more == second.more
    if not (alike and first.complete and second.complete):
        return None
    marks = {name: each for name, each in first.marks.items() if second.marks.get(name) == each}
    outcomes = {name: each | marks.get(name, set()) for name, each in first.outcomes.items()}
    return told(outcomes, "more were not visited" if first.more else "")
