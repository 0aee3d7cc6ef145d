"""How the known events grew from run to run, as a drawing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from beacon.exploration.growth import growth
from beacon.model.event import Event
from beacon.model.profile import Profile
from beacon.page.html import Html, table, tag

_WIDTH, _HEIGHT = 720, 240
_LEFT, _RIGHT, _TOP, _BOTTOM = 48, 12, 12, 32
_TICKS = 4


class Point(NamedTuple):
    """A ready run: how many events it showed first, and how many were known after it."""

    run: str
    new: int
    known: int


def points(profile: Profile) -> list[Point]:
    """Those of the ready runs, in their order."""
    seen: set[Event] = set()
    found: list[Point] = []
    for run in profile.ready_runs():
        before = len(seen)
        seen |= run.observation.events()
        found.append(Point(run.name, len(seen) - before, len(seen)))
    return found


def growth_section(profile: Profile) -> Iterator[Html]:
    """The drawing, its figures, and what each environment showed first."""
    found = points(profile)
    if not found:
        yield tag("p", "No run became ready, so nothing grew.")
        return
    grown = growth(profile)
    yield tag(
        "p",
        f"{len(found)} ready runs showed {grown.total} events: {grown.baseline} at the start "
        f"alone, {grown.workload} more under the workload, {grown.options} more with other "
        f"options, and {grown.life} more by life-cycle and faults.",
    )
    yield _drawing(found)
    rows = [(tag("code", new.event), tag("code", new.run)) for new in grown.newcomers]
    if rows:
        yield tag("h3", "First seen outside the default environment")
        yield table("Newcomers", ("event", "first run that showed it"), rows)


def _drawing(found: Sequence[Point]) -> Html:
    last = found[-1].known
    summary = (
        f"Events known after each of {len(found)} runs: from {found[0].known} after the first to "
        f"{last} after the last."
    )
    return tag(
        "figure",
        tag(
            "svg",
            tag("title", summary),
            *_axes(len(found), last),
            tag("polyline", points=_path(found), class_="line"),
            *(_mark(n, each, len(found), last) for n, each in enumerate(found) if each.new),
            viewBox=f"0 0 {_WIDTH} {_HEIGHT}",
            role="img",
            aria_label=summary,
        ),
        tag("figcaption", "Each mark is a run that showed something new."),
    )


def _axes(runs: int, events: int) -> Iterator[Html]:
    ticks = sorted({round(events * n / _TICKS) for n in range(_TICKS + 1)})
    for value in ticks:
        y = _y(value, events)
        yield tag("line", x1=_LEFT, x2=_WIDTH - _RIGHT, y1=y, y2=y, class_="rule")
        yield tag("text", value, x=_LEFT - 6, y=y, class_="tick y")
    for value in sorted({1, max(1, runs // 2), runs}):
        yield tag("text", value, x=_x(value - 1, runs), y=_HEIGHT - _BOTTOM + 16, class_="tick x")
    yield tag("text", "runs", x=_WIDTH - _RIGHT, y=_HEIGHT - 2, class_="tick end")


def _path(found: Sequence[Point]) -> str:
    """Steps: what a run showed is known from then on."""
    runs, events = len(found), found[-1].known
    corners = [f"{_x(0, runs)},{_y(0, events)}"]
    height = _y(0, events)
    for n, each in enumerate(found):
        corners.append(f"{_x(n, runs)},{height}")
        height = _y(each.known, events)
        corners.append(f"{_x(n, runs)},{height}")
    return " ".join(corners)


def _mark(number: int, each: Point, runs: int, events: int) -> Html:
    said = tag("title", f"{each.run}: {each.new} new, {each.known} in all")
    place = {"cx": _x(number, runs), "cy": _y(each.known, events)}
    return tag("circle", said, r=3, class_="mark", **place)


def _x(number: int, runs: int) -> float:
    return round(_LEFT + (_WIDTH - _LEFT - _RIGHT) * number / max(1, runs - 1), 1)


def _y(value: int, events: int) -> float:
    height = _HEIGHT - _TOP - _BOTTOM
    return round(_TOP + height * (1 - value / max(1, events)), 1)
