"""beacon cves: which known CVEs a policy stops, which it leaves open, and through what."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from beacon.cli.console import Console
from beacon.cli.cves_update import update
from beacon.cli.documents import Exposures
from beacon.cli.drill import add_drill_options, check_drill, drill_all
from beacon.cli.edited import edits_of, warn
from beacon.cli.explain import DIRECTORY
from beacon.cli.parser import add_command, add_general_options
from beacon.data.cves import cves
from beacon.errors import ExitCode, UsageError
from beacon.synthesis.exposure import Exposure, exposures
from beacon.synthesis.load import policy_of

_UPDATE = "update"


def add(commands: Any) -> None:
    """Add the command to the parser."""
    parser = add_command(
        commands,
        "cves",
        "Show which known CVEs a policy stops and which it leaves open.",
        "Show the known kernel and container CVEs that a policy leaves open, through which events, "
        "and how sure that judgement is; count those that it stops. A profile counts with all that "
        "it used.\n\nWith --id, answer for one CVE and any number of policies: which stop it and "
        "by what, which leave it open, what would have to be denied, and who used that "
        "(docs/guides/cve-day.md).\n\nWith the word update, take newer CVSS scores and CISA's list "
        "of exploited CVEs from a file, offline. NVD's scores come before others'. What is newer "
        "is kept in $XDG_DATA_HOME/beacon (default: ~/.local/share/beacon).",
        [
            "[--all] [--json] DIR",
            "--id CVE [--prove [OPTIONS]] [--json] DIR…",
            "update --from FILE [--json]",
        ],
        [
            "web.policy",
            "--all web.policy",
            "--id CVE-2022-0185 *.policy",
            "--id CVE-2022-0185 --prove --quick web.policy",
            "update --from nvdcve-2.0-2026.json.gz",
        ],
    )
    group = parser.add_argument_group("arguments")
    group.add_argument(
        "what",
        metavar="DIR",
        nargs="+",
        help=f"{DIRECTORY} With --id it may be repeated. Or the word update.",
    )
    group = parser.add_argument_group("options")
    group.add_argument(
        "--all",
        action="store_true",
        help="Also show the CVEs that are stopped. Default: those that are open.",
    )
    group.add_argument(
        "--from",
        dest="feed",
        metavar="FILE",
        type=Path,
        help="For update: NVD's JSON (2.0 or 1.1), records of the CVE list (one, an array, or "
        "lines), or CISA's KEV catalogue; plain or gzip.",
    )
    add_drill_options(parser)
    add_general_options(
        parser, "all CVEs with their reasons, the answers for one, or the update's counts,"
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, console: Console) -> ExitCode:
    """Do what the first word says."""
    if options.what == [_UPDATE]:
        return update(options, console)
    if options.feed is not None:
        raise UsageError("--from goes with the word update: beacon cves update --from FILE.")
    check_drill(options)
    if options.id is not None:
        return drill_all(options, [Path(each) for each in options.what], console)
    directory = Path(options.what[0])
    policy = policy_of(directory)
    files = edits_of(policy, directory)
    found = exposures(policy.events(), cves())
    stopped = sum(each.stopped for each in found)
    if options.json:
        opened = len(found) - stopped
        document = Exposures(stopped=stopped, open=opened, cves=tuple(found), files=files)
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
    through = " + ".join(map(str, each.through)) or "stopped"
    return [each.cve.id, score + exploited, each.cve.title, through, each.cve.provenance.sure]
