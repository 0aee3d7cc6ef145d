from __future__ import annotations

import base64
import hashlib
from dataclasses import replace

import msgspec
import pytest

from beacon.data.runtimes import shipped
from beacon.fleet.page import Row, fleet_page, row, row_without_page
from beacon.fleet.result import Result, Status
from beacon.model.intent import PRESETS
from beacon.model.policy import Policy
from beacon.model.verification import Verification
from beacon.page.model import page_model
from beacon.page.subject import Subject
from beacon.synthesis.synthesize import synthesize
from unit.cli.stored import failed, passed, stored_profile
from unit.page.hostile import ATTACK, SHOWN
from unit.page.parsed import Page

POLICY = synthesize(stored_profile(), PRESETS["balanced"], allow_incomplete=True)
WEB = Result(
    name="web",
    image="web:1",
    status=Status.VERIFIED,
    runs=41,
    syscalls=97,
    capabilities=("CAP_CHOWN", "CAP_SETUID"),
    cves_stopped=276,
    cves=287,
    seconds=371.2,
)
LOST = Result(
    name="lost", image="lost:1", status=Status.FAILED, reason="its worker died", seconds=9.5
)


def _row(
    status: Status = Status.VERIFIED,
    policy: Policy | None = POLICY,
    verification: Verification | None = None,
    *,
    outdated: bool = False,
    reason: str | None = None,
) -> Row:
    result = msgspec.structs.replace(WEB, status=status, reason=reason)
    subject = Subject("web/policy", policy=policy, verification=verification, outdated=outdated)
    if policy is None:
        subject = replace(subject, profile=stored_profile(), profile_name="web/profile")
    return row(result, page_model(subject, shipped()), "web.html")


def _cells(made: bytes) -> list[str]:
    """Those of a page of one row."""
    return [each.content for each in Page(made).named("td")]


def test_a_verified_image_has_the_figures_of_its_policy() -> None:
    found = _row(verification=passed(POLICY))
    assert found.verified
    counts = page_model(Subject("x", policy=POLICY), shipped()).states.counts(0)
    came_to, *figures = _cells(fleet_page("policies", [found]))
    assert came_to == "verified: nothing differs under the policy"
    stopped = f"{counts.stopped} of {counts.stopped + counts.open}"
    assert figures == ["41", str(counts.calls), str(counts.capabilities), stopped, "371"]


def test_a_policy_that_changed_since_is_not_verified() -> None:
    found = _row(verification=passed(POLICY), outdated=True)
    assert not found.verified
    assert found.came_to == "not verified: the verification beside it is of other files"


@pytest.mark.parametrize("without", ["policy", "verification", "documents"])
def test_what_is_gone_is_not_verified(without: str) -> None:
    if without == "documents":
        found = row_without_page(WEB)
    else:
        found = _row(policy=None if without == "policy" else POLICY)
    assert found.came_to.startswith("not verified")
    assert not found.verified


def test_a_failed_verification_has_its_reason() -> None:
    found = _row(Status.POLICY, verification=failed(POLICY), reason="denied system call: keyctl")
    assert found.came_to == "not verified: the container differs under the policy"
    assert found.notes == ("denied system call: keyctl",)


def test_what_was_proven_after_the_fleet_is_said_beside_it() -> None:
    found = _row(Status.POLICY, verification=passed(POLICY), reason="denied system call: keyctl")
    assert found.came_to == "not verified: the container differs under the policy"
    assert found.notes[1] == "In its directory now: verified: nothing differs under the policy"
    assert not found.verified


def test_an_image_that_was_not_profiled_has_no_link_but_its_reason() -> None:
    made = fleet_page("policies", [row_without_page(LOST)])
    assert Page(made).named("a") == []
    assert _cells(made) == ["failedits worker died", "0", "none", "none", "none", "10"]


def test_the_totals() -> None:
    rows = [
        _row(verification=passed(POLICY)),
        _row(Status.POLICY, verification=failed(POLICY), reason="denied"),
        row_without_page(LOST),
        row_without_page(WEB, "profile.json is damaged"),
    ]
    made = Page(fleet_page("policies", rows))
    names = [each.content for each in made.named("dt")]
    figures = dict(zip(names, (each.content for each in made.named("dd")), strict=True))
    assert figures == {
        "images": "4",
        "verified": "1",
        "not verified": "2",
        "without a policy": "1",
        "runs": "123",
        "seconds": "1123",
    }
    assert "profile.json is damaged" in made.by_id("images").content


def test_an_attack_is_text() -> None:
    result = msgspec.structs.replace(LOST, name=ATTACK, image=ATTACK, reason=ATTACK)
    honest, made = (
        fleet_page(name, [row_without_page(each, why)])
        for name, each, why in (("policies", LOST, "x"), (ATTACK, result, ATTACK))
    )
    attacked = Page(made)
    elements = [(each.name, each.attributes.keys()) for each in attacked.elements]
    assert elements == [(each.name, each.attributes.keys()) for each in Page(honest).elements]
    assert attacked.by_id("images").content.count(SHOWN) == 4
    assert SHOWN in attacked.named("h1")[0].content
    assert all(c.isprintable() or c == "\n" for c in made.decode())


def test_the_browser_runs_only_what_sorts_it() -> None:
    made = Page(fleet_page("policies", [row_without_page(LOST)]))
    (policy,) = (
        each.attributes["content"] or ""
        for each in made.named("meta")
        if "http-equiv" in each.attributes
    )
    (script,) = made.named("script")
    digest = base64.b64encode(hashlib.sha256(script.content.encode()).digest()).decode()
    assert "default-src 'none'" in policy
    assert f"script-src 'sha256-{digest}'" in policy
    assert "trusted-types 'none'" in policy
    assert script.content.startswith('"use strict"')
