"""beacon cves: which known CVEs a policy stops, which it leaves open, and through what."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from beacon.cli.console import Console
from beacon.cli.cves_update import update
from beacon.cli.edited import edits_of, warn
from beacon.cli.explain import policy_of
from beacon.data.cves import cves
from beacon.errors import ExitCode, UsageError
from beacon.model.event import spell
from beacon.synthesis.exposure import Exposure, exposures

_UPDATE = "update"


def add(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "cves",
        help="which known CVEs a policy stops and which it leaves open, or newer scores for them",
        usage="beacon cves DIR [--all] [--json]\n       beacon cves update --from FILE [--json]",
        description="Of the known kernel and container CVEs that are reached through system calls "
        "and capabilities, show those that a policy (or a profile, with all that it used) leaves "
        "open, through what, and how sure that judgement is; count those that it stops. Or take "
        "newer CVSS scores and CISA's flag of known exploited CVEs from a file, offline: NVD's "
        "scores come before others', and what is newer is kept in the user's data directory "
        "($XDG_DATA_HOME/beacon).",
    )
    parser.add_argument(
        "what", metavar="DIR", help="a policy's or a profile's directory, or the word update"
    )
    parser.add_argument("--all", action="store_true", help="show the stopped ones as well")
    parser.add_argument(
        "--from",
        dest="feed",
        metavar="FILE",
        type=Path,
        help="NVD's JSON (2.0 or 1.1), records of the CVE list (one, an array, or lines), or "
        "CISA's KEV catalogue; plain or gzip",
    )
    parser.add_argument("--json", action="store_true", help="a JSON document on stdout")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, console: Console) -> ExitCode:
    """Do what the first word says."""
    if options.what == _UPDATE:
        return update(options, console)
    if options.feed is not None:
        raise UsageError("--from goes with the word update: beacon cves update --from FILE.")
    directory = Path(options.what)
    policy = policy_of(directory)
    files = edits_of(policy, directory)
    found = exposures(policy.events(), cves())
    stopped = sum(each.stopped for each in found)
    if options.json:
        opened = len(found) - stopped
        document = {"stopped": stopped, "open": opened, "cves": found, "files": files}
        console.document("cves", document)
        return warn(console, files)
    shown = [each for each in found if options.all or not each.stopped]
    console.table(
        None, ["CVE", "score", "title", "open through", "sure"], [_row(each) for each in shown]
    )
    if shown:
        console.result()
    console.result(f"{stopped} of {len(found)} known CVEs are stopped.")
    return warn(console, files)


def _row(each: Exposure) -> list[str]:
    score = f"{each.cve.cvss.base_score:.1f}" if each.cve.cvss else "-"
    exploited = " (exploited)" if each.cve.kev else ""
    through = " + ".join(map(spell, each.through)) or "stopped"
    return [each.cve.id, score + exploited, each.cve.title, through, each.cve.provenance.sure]
