from __future__ import annotations

import base64
import dataclasses
import hashlib
import json
import re

import msgspec
import pytest

from beacon.data.runtimes import shipped
from beacon.model.architecture import Architecture
from beacon.model.consistency import check_profile
from beacon.model.event import Syscall
from beacon.model.files import encode
from beacon.model.intent import PRESETS, Intent
from beacon.model.observation import Loss
from beacon.model.profile import Profile
from beacon.model.recall import LackingKind, Recall
from beacon.model.verification import Difference, DifferenceKind, Shown
from beacon.page.index import file_names, pages
from beacon.page.model import PageModel, page_model
from beacon.page.page import page
from beacon.page.subject import Subject
from beacon.synthesis.synthesize import synthesize
from builders import run
from unit.cli.stored import failed, passed, stored_profile
from unit.page.hostile import ATTACK, SHOWN, hostile_profile, hostile_subject
from unit.page.parsed import Page

_OWN = frozenset(
    {
        *("a", "b", "body", "button", "caption", "circle", "code", "dd", "details", "div", "dl"),
        *("dt", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "head", "header"),
        *("html", "input", "label", "li", "line", "main", "meta", "nav", "noscript", "option"),
        *("output", "p", "polyline", "pre", "script", "section", "select", "small", "span"),
        *("strong", "style", "summary", "svg", "table", "tbody", "td", "text", "th", "thead"),
        *("title", "tr", "ul"),
    }
)
_UNPRINTABLE = re.compile(r"[^\n\x20-\x7e\xa1-\uffff]|[\u200b-\u200f\u2028-\u202e\u2060-\u206f]")


def _model(subject: Subject) -> PageModel:
    return page_model(subject, shipped())


def _subject(intent: Intent | None = None) -> Subject:
    policy = synthesize(stored_profile(), intent or PRESETS["balanced"], allow_incomplete=True)
    return Subject("web.policy", "web.profile", stored_profile(), None, policy, passed(policy))


@pytest.fixture(scope="module")
def attacked() -> bytes:
    return page(_model(hostile_subject()), "index.html")


def test_an_attack_makes_no_element_and_no_attribute(attacked: bytes) -> None:
    made = Page(attacked)
    assert {each.name for each in made.elements} <= _OWN
    assert not made.comments
    for each in made.elements:
        assert not any(name.startswith("on") or name == "style" for name in each.attributes)
        assert (each.attributes.get("href") or "#")[:1] == "#" or (
            each.attributes["href"] == "index.html"
        )
        assert "src" not in each.attributes
    assert [each.attributes.get("type") for each in made.named("script")] == [
        "application/json",
        None,
    ]


def test_an_attack_is_shown_as_text(attacked: bytes) -> None:
    made = Page(attacked)
    assert SHOWN in made.by_id("events").content
    assert SHOWN in made.by_id("exercised").content
    assert SHOWN in made.by_id("growth").content
    assert SHOWN in made.by_id("proof").content
    assert SHOWN in made.named("h1")[0].content
    data = json.loads(made.by_id("data").content)
    assert any(SHOWN in each for each in data["strings"])


def test_nothing_moves_a_cursor_or_reorders_text(attacked: bytes) -> None:
    assert not _UNPRINTABLE.search(attacked.decode())
    strings = json.loads(Page(attacked).by_id("data").content)["strings"]
    assert not any(_UNPRINTABLE.search(each) for each in strings)


def test_a_profile_that_is_an_attack_can_be_read_back() -> None:
    again = msgspec.json.decode(encode(hostile_profile()), type=Profile)
    check_profile(again)
    assert again.image.reference.endswith(ATTACK)


@pytest.mark.parametrize("kind", ["style", "script"])
def test_the_browser_runs_only_what_the_page_brought(kind: str) -> None:
    made = Page(page(_model(_subject())))
    policy = next(
        each.attributes["content"] or ""
        for each in made.named("meta")
        if each.attributes.get("http-equiv") == "Content-Security-Policy"
    )
    directives = dict(each.strip().split(" ", 1) for each in policy.split(";"))
    content = made.named(kind)[-1].content
    digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
    assert directives[f"{kind}-src"] == f"'sha256-{digest}'"
    assert directives["default-src"] == "'none'"
    assert "unsafe" not in policy


def test_it_needs_no_network() -> None:
    made = page(_model(_subject())).decode()
    assert not re.search(r"\b(?:https?:)?//[a-z0-9]", made.replace("sha256:", ""))
    assert "@import" not in made
    assert "url(" not in made


def test_the_script_s_policies_are_those_of_the_model() -> None:
    model = _model(_subject())
    data = json.loads(Page(page(model)).by_id("data").content)
    assert model.selection is not None
    assert len(data["outcomes"]) == len(model.policies)
    rows = [str(event) for event in model.states.events]
    for policy, outcome in zip(model.policies, data["outcomes"], strict=True):
        states = list(data["events"])
        for n, state in zip(outcome["events"][::2], outcome["events"][1::2], strict=True):
            states[n] = state
        allowed = {name for name, n in zip(rows, states, strict=True) if data["states"][n][0]}
        assert allowed == {str(each) for each in policy.events()}
    assert data["places"] == {str(k): v for k, v in model.selection.places.items()}


def test_it_shows_what_is_without_a_script() -> None:
    model = _model(_subject())
    made = Page(page(model))
    policy = model.policies[model.shown]
    assert made.by_id("count-calls").content == str(len(policy.names()))
    words = made.by_id("proof").content
    assert "verified: nothing differs under the policy" in words
    assert "Starts20 of 20" in words
    assert "443/tcp" in made.by_id("exercised").content
    assert made.by_id("controls").attributes["hidden"] is None  # the script shows it


def _proof(**changes: object) -> str:
    """The certificate's section of a verification with these changes."""
    subject = _subject()
    assert subject.verification is not None
    verification = msgspec.structs.replace(subject.verification, **changes)
    made = page(_model(dataclasses.replace(subject, verification=verification)))
    return Page(made).by_id("proof").content


def test_a_verification_that_ran_nothing_says_so() -> None:
    assert "not verified: nothing was run" in _proof(runs=())


def test_whatever_differs_is_shown() -> None:
    subject = _subject()
    assert subject.policy is not None
    assert subject.verification is not None
    difference = Difference(DifferenceKind.CHECK, "page", "no answer")
    (alone, driven) = subject.verification.runs
    elsewhere = msgspec.structs.replace(driven, elsewhere=(difference,))
    words = _proof(runs=(alone, elsewhere))
    assert "not verified: the policy of another service makes the difference" in words
    assert "by the policy of another service: check: page (no answer)" in words
    unsteady = msgspec.structs.replace(driven, unsteady=(Shown(difference, 1, 1),))
    words = _proof(runs=(alone, unsteady))
    assert "verified: nothing differs" in words
    assert "sometimes, and not by the policy: check: page (no answer)" in words
    words = _proof(starts=failed(subject.policy).starts)
    assert "19 of 20 succeeded, without the policy 3 of 3." in words
    assert "The container exited with code 1." in words
    assert "denied system call: sendfile" in words


def test_what_was_not_proven_of_an_architecture_is_said() -> None:
    subject = _subject()
    assert subject.verification is not None
    assert subject.verification.certificate is not None
    certificate = msgspec.structs.replace(
        subject.verification.certificate, recorded_on="arm64", elsewhere=(Architecture.ARM64,)
    )
    words = _proof(certificate=certificate)
    assert "arm64: what it allows on the host is inferred" in words
    assert "arm64, which the policy is for as well" in words


def test_the_written_policy_is_shown_though_today_s_derivation_differs() -> None:
    subject = _subject(Intent())
    assert subject.policy is not None
    written = msgspec.structs.replace(subject.policy, entries=subject.policy.entries[:1])
    model = _model(dataclasses.replace(subject, policy=written))
    assert model.policies[model.shown] is written


def test_a_policy_alone_has_no_controls() -> None:
    policy = synthesize(stored_profile(), PRESETS["strict"], allow_incomplete=True)
    made = Page(page(_model(Subject("web.policy", policy=policy))))
    assert not made.named("form")
    assert not made.named("script")
    assert "The controls need the profile" in made.by_id("intent").content
    assert "Nobody verified this policy yet" in made.by_id("proof").content


def test_a_profile_that_never_became_ready_says_so() -> None:
    dead = run(ending=stored_profile().runs[0].outcome.ending.EXITED)
    profile = msgspec.structs.replace(stored_profile(), runs=(dead,))
    made = Page(page(_model(Subject("web", "web", profile))))
    assert "No run of this profile became ready" in made.by_id("intent").content
    assert "No run became ready" in made.by_id("growth").content


def test_what_was_not_looked_at_is_said_so() -> None:
    profile = stored_profile()
    assert profile.exploration is not None
    broken_off = msgspec.structs.replace(profile.exploration, finished=False)
    kinds = (LackingKind("init", (Syscall("keyctl"),)),)
    made = msgspec.structs.replace(
        profile,
        exploration=broken_off,
        recall=Recall(1, (), kinds),
        reach=None,
        runs=(*profile.runs, run(losses=(Loss("names", 3),))),
    )
    words = Page(page(_model(Subject("web", "web", made)))).by_id("exercised").content
    assert "Not complete: " in words
    assert "a budget ended it early" in words
    assert "Without any initwould lack keyctl" in words
    assert "nobody analysed what the programs can call" in words
    bare = msgspec.structs.replace(profile, exploration=None, recognition=None, recall=None)
    words = Page(page(_model(Subject("web", "web", bare)))).by_id("exercised").content
    assert "Chance of something new" not in words


def test_a_page_is_small() -> None:
    """Most of it is a row for each known CVE."""
    assert len(page(_model(_subject()))) < 250_000


def test_an_index_links_to_each_page() -> None:
    models = [_model(_subject()), _model(hostile_subject()), _model(_subject())]
    made = pages(models)
    assert len(made) == 4
    links = [each.attributes["href"] for each in Page(made["index.html"]).named("a")]
    assert set(links) == made.keys() - {"index.html"}
    for name in links:
        back = Page(made[name or ""]).named("header")[0]
        assert "All pages" in back.content


def test_names_of_files_are_harmless_and_differ() -> None:
    names = ["web", "Web", "../../etc/passwd", "", "index", "a" * 300, ATTACK, "web"]
    found = file_names(names)
    assert found[:5] == ["web.html", "Web-2.html", "etc-passwd.html", "page.html", "index-2.html"]
    assert len({each.lower() for each in found}) == len(names)
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{1,104}\.html", each) for each in found)
