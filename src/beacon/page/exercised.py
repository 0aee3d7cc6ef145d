"""What the recording exercised, and what it did not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from beacon.model.coverage import Coverage, coverage
from beacon.model.event import Event, Syscall
from beacon.model.listener import Listener
from beacon.model.profile import Profile
from beacon.model.reach import Scope
from beacon.model.recall import Recall
from beacon.model.run import Check, Run
from beacon.model.support import repeated
from beacon.page.html import Html, lines, table, tag, together

_SCOPES = {
    Scope.RUN: "the programs that ran",
    Scope.BESIDE: "these and the programs beside them",
    Scope.IMAGE: "all programs of the image",
}
_COLUMNS = ("run", "ending", "checks passed", "calls", "new events")


def exercised_section(profile: Profile) -> Iterator[Html]:
    """Sockets, checks, runs, chances and reach."""
    for gap in profile.gaps():
        yield tag("p", tag("strong", "Not complete: "), gap, class_="warning")
    yield facts(_facts(profile))
    yield tag("h3", "Runs")
    yield tag(
        "p",
        "A run is the image in one environment under one workload. What failed without any policy "
        "needs nothing of one.",
    )
    yield _runs(profile)
    yield from _checks(profile)


def _facts(profile: Profile) -> Iterator[tuple[str, object]]:
    found = coverage(profile.runs, profile.surroundings)
    yield from covered(found)
    if profile.recognition and (said := profile.recognition.sentence()):
        yield "Software", said
    if profile.exploration is not None:
        for what, chance in profile.exploration.chances():
            yield f"Chance of something new in {what}", chance
        if not profile.exploration.finished:
            yield "Exploration", "a budget ended it early: a larger one may show more"
    if profile.recall is not None:
        yield from recalled(profile.recall)
    yield from _reach(profile)


def covered(found: Coverage) -> Iterator[tuple[str, object]]:
    """Which sockets were driven, and for how long somebody looked."""
    yield "Exercised", _sockets(found.driven) or "no socket"
    yield "Not exercised", _sockets(found.not_exercised) or "nothing that it listens on"
    again = "" if found.restarted else "; no second start over the same data"
    yield "Watched", f"{found.watched} s at most{again}"


def recalled(found: Recall) -> Iterator[tuple[str, object]]:
    """How much of each environment the policy from all others covers."""
    yield "Leave-one-out recall", found.figure()
    for each in found.lacking:
        yield f"Without {each.environment.name}", f"would lack {_events(each.events)}"
    for kind in found.kinds:
        yield f"Without any {kind.dimension}", f"would lack {_events(kind.events)}"


def facts(found: Iterable[tuple[str, object]]) -> Html:
    """A list of names and values."""
    pairs = (tag("div", tag("dt", name), tag("dd", value)) for name, value in found)
    return tag("dl", *pairs)


def _events(events: Sequence[Event]) -> str:
    return ", ".join(map(str, events))


def _sockets(listeners: Iterable[Listener]) -> str:
    return ", ".join(map(str, listeners))


def _reach(profile: Profile) -> Iterator[tuple[str, object]]:
    if profile.reach is None:
        yield "Within reach", "nobody analysed what the programs can call"
        return
    used = {event.name for event in profile.events() if isinstance(event, Syscall)}
    for scope, who in _SCOPES.items():
        names = profile.reach.within(scope).keys()
        count, seen = len(names), len(names & used)
        yield f"Calls that {who} can make", f"{count}, of which runs showed {seen}"


def _runs(profile: Profile) -> Html:
    seen: set[Event] = set()
    rows: list[Html] = []
    for run in profile.runs:
        events = run.observation.events() if run.outcome.ready else frozenset()
        rows.append(_run(run, len(events - seen)))
        seen |= events
    return table("Runs", _COLUMNS, rows)


def _run(run: Run, new: int) -> Html:
    checks = run.outcome.checks
    passed = f"{sum(each.passed for each in checks)} of {len(checks)}" if checks else "none"
    cells = (
        tag("code", run.name),
        together([tag("span", run.outcome.ending), *_troubles(run)]),
        passed,
        len(run.observation.used()),
        new,
    )
    return tag("tr", *(tag("td", each) for each in cells))


def _troubles(run: Run) -> Iterator[Html]:
    """Why a run did not come to a good end, and what the container last wrote."""
    outcome = run.outcome
    failed = [each for each in outcome.checks if not each.passed]
    if outcome.detail is None and not failed and (outcome.ready or not outcome.log):
        return
    yield tag(
        "details",
        tag("summary", "why"),
        *([] if outcome.detail is None else [tag("p", outcome.detail)]),
        *([_failures(failed)] if failed else []),
        *([] if outcome.ready or not outcome.log else [tag("pre", lines(outcome.log))]),
    )


def _failures(failed: Iterable[Check]) -> Html:
    return tag("ul", *(tag("li", tag("code", c.name), _detail(c)) for c in failed))


def _detail(check: Check) -> str:
    return f": {check.detail}" if check.detail else ""


def _checks(profile: Profile) -> Iterator[Html]:
    """Each check in the default environment, with how often it passed."""
    for group in repeated(profile.runs):
        if group[0].environment.settings or not group[0].outcome.checks:
            continue
        yield tag("h3", "Checks of ", tag("code", group[0].name))
        rows = [
            (tag("code", name), f"{sum(each.passed for each in found)} of {len(group)}")
            for name, found in _answers(group).items()
        ]
        yield tag(
            "details",
            tag("summary", f"{len(rows)} checks, and in how many runs each passed"),
            table(f"Checks of {group[0].name}", ("check", "passed"), rows),
        )


def _answers(group: Sequence[Run]) -> Mapping[str, list[Check]]:
    found: dict[str, list[Check]] = {}
    for run in group:
        for check in run.outcome.checks:
            found.setdefault(check.name, []).append(check)
    return found
