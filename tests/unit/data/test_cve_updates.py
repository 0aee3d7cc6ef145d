from __future__ import annotations

import pytest
from msgspec.structs import replace

from beacon.data.cve_feeds import Claim, Finding
from beacon.data.cve_scores import Scores, Update, overlay
from beacon.data.cve_updates import Outcome, merge
from beacon.data.cves import package_cves
from beacon.data.cvss_vectors import scored
from beacon.model.cve import Cve, Cvss

HIGH = "CVSS:3.1/AV:L/AC:L/PR:L/UI:N/S:U/C:H/I:H/A:H"  # 7.8
LOW = "CVSS:3.1/AV:L/AC:L/PR:L/UI:N/S:U/C:L/I:N/A:N"  # 3.3
FOUR = "CVSS:4.0/AV:L/AC:L/AT:N/PR:L/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N"  # 8.5
TWO = "AV:L/AC:L/Au:N/C:C/I:C/A:C"
ID = "CVE-2022-0185"


def cve(by: str | None, vector: str = HIGH, *, kev: bool = False) -> Cve:
    known = next(each for each in package_cves() if each.id == ID)
    return replace(known, cvss=scored(vector, by) if by else None, cvss_alt=(), kev=kev)


def compare(known: Cve, *claims: tuple[str, str], exploited: bool = False) -> Outcome:
    found = Finding(known.id, tuple(Claim(v, by, "2026-01-31") for v, by in claims), exploited)
    return merge([known], Scores(), [found])


def chosen(known: Cve, *claims: tuple[str, str]) -> tuple[str, float] | None:
    update = compare(known, *claims).updated.get(known.id)
    return (update.cvss.by, update.cvss.base_score) if update and update.cvss else None


@pytest.mark.parametrize(
    ("current", "claims", "expected"),
    [
        (cve("cna:x"), [(LOW, "nvd")], ("nvd", 3.3)),
        (cve("nvd"), [(LOW, "cna:x"), (FOUR, "cna:x")], None),
        (cve("nvd"), [(LOW, "nvd")], ("nvd", 3.3)),
        (cve("nvd"), [(FOUR, "nvd")], ("nvd", 8.5)),
        (cve("nvd"), [(TWO, "nvd")], None),
        (cve("nvd", TWO), [(LOW, "cna:x")], ("cna:x", 3.3)),
        (cve("cna:x", FOUR), [(LOW, "nvd")], ("nvd", 3.3)),
        (cve("cna:x"), [(LOW, "cna:y")], None),
        (cve("cna:x"), [(LOW, "cna:y"), (FOUR, "cna:y")], ("cna:y", 8.5)),
        (cve("cna:x"), [(HIGH, "cna:y"), (LOW, "cna:x")], ("cna:x", 3.3)),
        (cve(None), [(TWO, "cna:x")], ("cna:x", 7.2)),
        (cve(None), [(HIGH, "cna:x"), (LOW, "nvd"), (FOUR, "CISA-ADP")], ("nvd", 3.3)),
        (cve("nvd"), [(HIGH, "nvd")], None),
        (cve("nvd"), [], None),
    ],
)
def test_whose_score_counts(
    current: Cve, claims: list[tuple[str, str]], expected: tuple[str, float] | None
) -> None:
    assert chosen(current, *claims) == expected


def test_an_older_file_takes_nothing_back() -> None:
    new = Cvss(version="3.1", vector=HIGH, base_score=7.8, by="nvd", when="2026-06-01")
    scores = Scores({ID: Update(new)})
    old = Finding(ID, (Claim(LOW, "nvd", "2025-01-01"), Claim(LOW, "nvd", None)), False)
    outcome = merge(overlay([cve("nvd")], scores), scores, [old])
    assert not outcome.updated
    assert outcome.scores == scores


def test_flags_are_set_and_kept() -> None:
    assert compare(cve("nvd"), exploited=True).updated == {ID: Update(kev=True)}
    assert not compare(cve("nvd", kev=True), exploited=True).updated
    assert not compare(cve("nvd", kev=True), exploited=False).updated


def test_the_file_s_other_updates_stay() -> None:
    before = Scores({"CVE-2014-0038": Update(kev=True), ID: Update(kev=True)})
    found = [Finding(ID, (Claim(LOW, "nvd", None),), False)]
    outcome = merge(overlay([cve("nvd")], before), before, found)
    assert outcome.scores.updates["CVE-2014-0038"] == Update(kev=True)
    assert outcome.scores.updates[ID] == Update(
        Cvss(version="3.1", vector=LOW, base_score=3.3, by="nvd"), kev=True
    )


def test_everything_is_counted_once() -> None:
    claims = (Claim(LOW, "nvd", None), Claim("nonsense", "nvd", None), Claim("\x1b", "x", None))
    found = [Finding(ID, claims, False)]
    found += [Finding(other, (), True) for other in ["CVE-1999-0001", "CVE-1999-0001"]]
    outcome = merge([cve("nvd"), *package_cves()[:2]], Scores(), found * 2)
    counts = (len(outcome.updated), outcome.unchanged, outcome.unknown, outcome.refused)
    assert counts == (1, 0, 1, 4)


def test_the_same_again_changes_nothing() -> None:
    found = [Finding(ID, (Claim(LOW, "nvd", "2026-01-31"),), True)]
    first = merge([cve("cna:x")], Scores(), found)
    again = merge(overlay([cve("cna:x")], first.scores), first.scores, found)
    assert (again.updated, again.unchanged, again.scores) == ({}, 1, first.scores)
