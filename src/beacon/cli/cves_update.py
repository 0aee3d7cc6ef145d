"""beacon cves update: how others score the CVEs that BeaCon knows, by now."""

from __future__ import annotations

import argparse
from pathlib import Path

from beacon.cli.console import Console
from beacon.cli.documents import CvesUpdate
from beacon.data.bounded import read_bounded
from beacon.data.cve_feeds import findings
from beacon.data.cve_scores import SCORES_FILE, Update, overlay, read_scores, scores_path
from beacon.data.cve_updates import Outcome, merge
from beacon.data.cves import package_cves
from beacon.data.cvss_vectors import require_calculator
from beacon.errors import ExitCode, UsageError
from beacon.model.files import encode, write_files
from beacon.model.text import escape_untrusted

#: A year of NVD's feed is up to some 300 MiB.
_LARGEST = 512 << 20


def update(options: argparse.Namespace, console: Console) -> ExitCode:
    """Read the feed, write what is newer, say how much that is."""
    if options.feed is None:
        raise UsageError("Say where the scores come from: beacon cves update --from FILE.")
    require_calculator()
    path = scores_path()
    scores = read_scores(path)
    raw = read_bounded(options.feed, _LARGEST)
    outcome = merge(overlay(package_cves(), scores), scores, findings(raw))
    if outcome.updated:
        write_files(path.parent, {SCORES_FILE: encode(outcome.scores)})
    _tell(console, outcome, path, options.json)
    return ExitCode.DONE


def _tell(console: Console, outcome: Outcome, path: Path, as_json: bool) -> None:
    if as_json:
        document = CvesUpdate(
            file=str(path),
            updated=outcome.updated,
            unchanged=outcome.unchanged,
            unknown=outcome.unknown,
            refused=outcome.refused,
        )
        console.document("cves-update", document)
        return
    for cve_id, change in outcome.updated.items():
        console.result(f"{cve_id} {_change(change)}")
    console.result(
        f"{len(outcome.updated)} updated, {outcome.unchanged} unchanged, "
        f"{outcome.unknown} unknown to BeaCon"
    )
    if outcome.refused:
        console.say(f"{outcome.refused} scores were left out: their vectors are not valid CVSS.")
    if outcome.updated:
        console.say(f"Kept in {escape_untrusted(str(path))}.")


def _change(update: Update) -> str:
    parts = ["known to be exploited"] if update.kev else []
    if update.cvss is not None:
        score = update.cvss
        parts.insert(0, f"{score.base_score} (CVSS {score.version}, {score.by})")
    return ", ".join(parts)
