"""Which of others' scores and flags are newer or better than those that BeaCon has."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from beacon.data.cve_feeds import Finding
from beacon.data.cve_scores import Scores, Update
from beacon.data.cvss_vectors import scored
from beacon.model.cve import Cve, Cvss


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """`scores` is the file to write. `unknown` CVEs are none of BeaCon's; `refused` claims are no
    CVSS vectors.
    """

    scores: Scores
    updated: dict[str, Update]
    unchanged: int
    unknown: int
    refused: int


def merge(cves: Iterable[Cve], scores: Scores, found: Iterable[Finding]) -> Outcome:
    """Compare what was found with the CVEs as they stand, `scores` included.

    A CVE that a file does not name as exploited keeps its flag: files may be parts.
    """
    known = {cve.id: cve for cve in cves}
    mine, unknown = _sort(known, found)
    updated, refused = {}, 0
    for cve_id, findings in mine.items():
        update, bad = _compare(known[cve_id], findings)
        refused += bad
        if update != Update():
            updated[cve_id] = update
    merged = {**scores.updates, **{i: _joined(scores, i, u) for i, u in updated.items()}}
    ordered = dict(sorted(merged.items()))
    return Outcome(
        scores=Scores(ordered),
        updated=updated,
        unchanged=len(mine) - len(updated),
        unknown=unknown,
        refused=refused,
    )


def _sort(
    known: Mapping[str, Cve], found: Iterable[Finding]
) -> tuple[dict[str, list[Finding]], int]:
    mine: dict[str, list[Finding]] = {}
    others: set[str] = set()
    for finding in found:
        if finding.id in known:
            mine.setdefault(finding.id, []).append(finding)
        else:
            others.add(finding.id)
    return mine, len(others)


def _compare(cve: Cve, findings: Iterable[Finding]) -> tuple[Update, int]:
    """What is newer, and how many claims are no CVSS vectors."""
    claims = [claim for finding in findings for claim in finding.claims]
    candidates = [scored(claim.vector, claim.by, claim.when) for claim in claims]
    scores = [score for score in candidates if score is not None]
    best = max(scores, key=lambda score: _order(score, cve.cvss), default=None)
    better = best if best is not None and _replaces(best, cve.cvss) else None
    exploited = any(finding.exploited for finding in findings) and not cve.kev
    return Update(better, True if exploited else None), len(claims) - len(scores)


def _order(score: Cvss, current: Cvss | None) -> tuple[object, ...]:
    ours = current is not None and score.by == current.by
    return (*_rank(score), ours, score.when or "")


def _rank(score: Cvss) -> tuple[bool, bool, str]:
    # Version 2 knows neither scope nor the rights that an attack needs: its numbers compare with
    # no other version's. Among the others NVD's judgement comes first, whatever its version.
    return (score.version != "2.0", score.by == "nvd", score.version)


def _replaces(new: Cvss, current: Cvss | None) -> bool:
    if current is None or _rank(new) != _rank(current):
        return current is None or _rank(new) > _rank(current)
    newer = (new.when or "") >= (current.when or "")
    return newer and new.by == current.by and new.vector != current.vector


def _joined(scores: Scores, cve_id: str, update: Update) -> Update:
    before = scores.updates.get(cve_id, Update())
    return Update(update.cvss or before.cvss, before.kev if update.kev is None else update.kev)
