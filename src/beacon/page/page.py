"""The page itself: its sections, in the order in which a reader asks."""

from __future__ import annotations

from collections.abc import Iterator

from beacon import __version__
from beacon.model.policy import Policy
from beacon.page.controls import controls_section
from beacon.page.document import MADE_BY, Script, document
from beacon.page.exercised import covered, exercised_section, facts
from beacon.page.growth_chart import growth_section
from beacon.page.html import Html, tag, together
from beacon.page.model import PageModel, script_data
from beacon.page.proof import proof_section, verdict
from beacon.page.subject import Subject
from beacon.page.tables import cve_section, policy_section


def page(model: PageModel, up: str | None = None) -> bytes:
    """The page in UTF-8; `up` is the relative address of an index above it."""
    sections = [each for each in _sections(model) if each[2]]
    body = together(
        [
            tag("a", "Skip to the policy", href="#policy", class_="skip"),
            tag("header", *_head(model.subject, up)),
            tag("nav", *_links(sections), aria_label="Sections"),
            tag("main", *(_section(*each) for each in sections)),
            tag("footer", tag("p", f"{MADE_BY} {__version__}.")),
        ]
    )
    data = script_data(model)
    script = None if data is None else Script("script.js", data)
    return document(f"BeaCon: {model.subject.image.reference}", body, script)


_Section = tuple[str, str, list[Html]]


def _sections(model: PageModel) -> Iterator[_Section]:
    subject = model.subject
    if model.policies:
        yield "summary", "Summary", list(_summary(model))
    yield "intent", "Intent", list(controls_section(model))
    if model.policies:
        yield "policy", "Policy", list(policy_section(model))
        yield "known", "CVEs", list(cve_section(model))
    if subject.profile is not None:
        yield "exercised", "What was exercised", list(exercised_section(subject.profile))
        yield "growth", "Growth", list(growth_section(subject.profile))
    elif subject.policy is not None:
        yield "exercised", "What was exercised", list(_from_policy(subject.policy))
    if subject.policy is not None:
        yield "proof", "Certificate", list(proof_section(subject))


def _head(subject: Subject, up: str | None) -> Iterator[Html]:
    if up is not None:
        yield tag("p", tag("a", "All pages", href=up))
    yield tag("h1", tag("code", subject.image.reference))
    found: list[tuple[str, object]] = [
        ("Image id", tag("code", subject.image.id)),
        ("Architecture", subject.image.architecture),
    ]
    if subject.profile is not None:
        profile, host = subject.profile, subject.profile.host
        where = f"{len(profile.runs)} runs under {host.runtime}, Linux {host.kernel}"
        found.append(("Recorded", f"{where}, by BeaCon {profile.beacon}"))
    yield facts(found)


def _links(sections: list[_Section]) -> Iterator[Html]:
    items = (tag("li", tag("a", title, href=f"#{name}")) for name, title, _ in sections)
    yield tag("ul", *items)


def _section(name: str, title: str, parts: list[Html]) -> Html:
    return tag("section", tag("h2", title), *parts, id=name)


def _summary(model: PageModel) -> Iterator[Html]:
    """The figures of the policy that is shown; the script writes them anew."""
    counts = model.states.counts(model.shown)
    named = (
        ("calls", "system calls allowed", counts.calls),
        ("capabilities", "capabilities kept", counts.capabilities),
        ("stopped", "known CVEs stopped", counts.stopped),
        ("open", "known CVEs open", counts.open),
    )
    for each in model.subject.files:
        yield tag("p", tag("strong", "Edited: "), f"{each.sentence()}.", class_="warning")
    for gap in model.subject.policy.gaps if model.subject.policy else ():
        yield tag("p", tag("strong", "Not complete: "), gap, class_="warning")
    figures = (
        tag("div", tag("dt", words), tag("dd", number, id=f"count-{name}"))
        for name, words, number in named
    )
    yield tag("dl", *figures, class_="figures", aria_live="polite")
    yield tag("p", _proven(model.subject), id="shown")


def _proven(subject: Subject) -> str:
    if subject.policy is None:
        return f"Derived from {subject.name}; not verified."
    return f"The policy in {subject.name}; {verdict(subject)}."


def _from_policy(policy: Policy) -> Iterator[Html]:
    if policy.coverage is not None:
        yield facts(covered(policy.coverage))
    if policy.reach is not None:
        yield tag("p", policy.reach.sentence())
