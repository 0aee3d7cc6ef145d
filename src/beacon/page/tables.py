"""The tables of events and of CVEs under the policy that is shown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from beacon.model.cve import Cve
from beacon.model.entry import Entry
from beacon.model.event import Event
from beacon.page.html import Html, table, tag, together
from beacon.page.model import PageModel
from beacon.page.states import STOPPED, State

_EVENTS = ("event", "decision", "why", "functionality", "security: what its denial buys", "used by")
_CVES = ("CVE", "CVSS score", "title", "open through", "sure")
_NAMED = 4


def policy_section(model: PageModel) -> Iterator[Html]:
    """Every event that the policy decides about."""
    yield tag(
        "p",
        "Each system call, argument class and capability that a run used, or that a program of the "
        "image can make.",
    )
    yield _filter("events", (("all", "all"), ("yes", "allowed"), ("no", "denied")))
    states = model.states.of_events(model.shown)
    pairs = zip(model.states.events, states, strict=True)
    rows = [_event(each, state, model) for each, state in pairs]
    yield table("Events", _EVENTS, rows, "events")


def cve_section(model: PageModel) -> Iterator[Html]:
    """Every CVE that a policy can make a difference to."""
    yield tag(
        "p",
        "The known CVEs of the kernel and of container runtimes to which a policy can make a "
        "difference, the worst first.",
    )
    yield _filter("cves", (("all", "all"), ("yes", "open"), ("no", "stopped")))
    found = zip(model.states.cves, model.states.of_cves(model.shown), strict=True)
    yield table("CVEs", _CVES, [_cve(*each) for each in found], "cves")


def _event(event: Event, state: State, model: PageModel) -> Html:
    cells = (
        "allowed" if state.allowed else "denied",
        state.reason(model.intent),
        together([tag("b", state.functionality), tag("small", state.use)]),
        together([tag("b", state.security), tag("small", state.gain)]),
        _used(model.states.entry(event, model.shown)),
    )
    head = tag("th", tag("code", event), scope="row")
    shown = "yes" if state.allowed else "no"
    return tag("tr", head, *(tag("td", each) for each in cells), data_is=shown)


def _used(found: Entry) -> Html:
    if not found.count:
        return Html("nobody")
    who = found.evidence
    times = "once" if found.count == 1 else f"{found.count} times"
    parts = [
        f"{_some(who.processes)}: {times} in {', '.join(who.phases)}",
        f"runs: {_some(who.runs, 1)}",
    ]
    if found.calls:
        parts.append(f"asked for in {_some(found.calls)}")
    parts += found.held
    return together([tag("span", parts[0]), *(tag("small", each) for each in parts[1:])])


def _some(names: Sequence[str], shown: int = _NAMED) -> str:
    more = f" and {len(names) - shown} more" if len(names) > shown else ""
    return ", ".join(names[:shown]) + more


def _cve(cve: Cve, through: str) -> Html:
    score = f"{cve.cvss.base_score:.1f}" if cve.cvss else "none"
    exploited = [tag("small", "known to be exploited")] if cve.kev else []
    cells = (together([tag("span", score), *exploited]), cve.title, through, cve.provenance.sure)
    head = tag("th", cve.id, scope="row")
    shown = "no" if through == STOPPED else "yes"
    return tag("tr", head, *(tag("td", each) for each in cells), data_is=shown)


def _filter(name: str, choices: Sequence[tuple[str, str]]) -> Html:
    options = (tag("option", words, value=value) for value, words in choices)
    return tag(
        "div",
        tag("label", "Show ", tag("select", *options, data_rows=name, autocomplete="off")),
        class_="filter",
        hidden=True,
    )
