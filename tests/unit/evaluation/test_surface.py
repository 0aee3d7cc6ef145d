from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

import surface
import surface_page
from beacon.data.cves import package_cves
from beacon.data.surface import group_of
from beacon.model.event import Syscall, parse_event, without_argument
from document import replaced
from surface_history import SUBSYSTEMS

DOCS = Path(__file__).parents[3] / "docs" / "reference"


def _call(text: str) -> Syscall:
    event = parse_event(text)
    assert isinstance(event, Syscall)
    return event


def test_the_parts_of_an_attack_are_one_in_all() -> None:
    (cve,) = (each for each in package_cves() if each.id == "CVE-2016-0728")
    assert sum(surface.shares(cve).values()) == pytest.approx(1)
    for each in package_cves():
        assert sum(surface.shares(each).values()) < 1.001, each.id


def test_an_event_that_scores_higher_than_all_others_is_told_apart() -> None:
    needed = {_call("userfaultfd(plain)"): 1.0}
    flat = dict.fromkeys(surface.universe(), 0.0)
    assert surface.auc(flat, needed) == pytest.approx(0.5)
    assert surface.auc(flat | {_call("userfaultfd(plain)"): 1.0}, needed) == pytest.approx(1)
    assert surface.auc({**dict.fromkeys(flat, 1.0), **dict.fromkeys(needed, 0.0)}, needed) == 0


def test_a_reserve_opens_no_known_cve() -> None:
    known = [cve for cve in package_cves() if cve.counts and cve.year == 2017]
    before = surface.opened(surface.base(), known)
    allowed = surface.reserve(lambda event: True, known)
    assert surface.opened(allowed, known) == before
    assert len({without_argument(event) for event in allowed}) > 300


def test_groups_have_the_score_of_their_calls_on_average() -> None:
    known = [cve for cve in package_cves() if cve.counts]
    own, group = surface.by_event(known), surface.by_group(known)
    assert group[_call("io_uring_enter")] == group[_call("io_uring_setup")]
    assert own[_call("io_uring_enter")] < group[_call("io_uring_enter")]


def test_subsystems_are_of_groups_that_exist() -> None:
    named = set(tomllib.loads(SUBSYSTEMS.read_text()))
    assert named <= {group_of(event) for event in surface.universe()}


@pytest.mark.parametrize("part", ["scale", "groups"])
def test_the_page_is_what_the_tables_say(part: str) -> None:
    page = (DOCS / "surface.md").read_text()
    text = surface_page.scale() if part == "scale" else surface_page.groups()
    assert replaced(page, part, text) == page
