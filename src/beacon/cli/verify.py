"""beacon verify: run the container under its policy and compare."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from beacon.campaign.request import VerifyRequest
from beacon.campaign.starts import STARTS
from beacon.campaign.verifying import verify
from beacon.cli.arguments import number_of_starts
from beacon.cli.consent_options import add_consent_options, consent_of
from beacon.cli.console import Console, counted
from beacon.cli.explore_options import add_jobs_option
from beacon.cli.parser import add_command, add_general_options
from beacon.cli.progress import Progress
from beacon.cli.unseen import not_seen
from beacon.cli.verified import closing, told, told_starts
from beacon.errors import ExitCode
from beacon.model.files import VERIFICATION_FILE, encode, load_policy, write_files, writing
from beacon.model.policy import Policy
from beacon.model.verification import Verdict, Verification

_EXIT_CODES = {
    Verdict.VERIFIED: ExitCode.DONE,
    Verdict.POLICY: ExitCode.DIFFERENCE,
    Verdict.ENVIRONMENT: ExitCode.ENVIRONMENT,
}


def add(commands: Any) -> None:
    """Add the command to the parser."""
    parser = add_command(
        commands,
        "verify",
        "Run the container under its policy, compare, and list what was denied.",
        "Start the image with DIR/docker.args and DIR/seccomp.json, repeat every recorded run, "
        "compare checks and exit codes, and list what the kernel denied. A run that differs is "
        "repeated without the policy. Writes DIR/verification.json "
        "(docs/concepts/verification.md).\n\n"
        "Exits 10 if the policy is at fault, or, before any run, if a file allows more than "
        "policy.json. Exits 11 if all that differs also differs without the policy.",
        "[OPTIONS] POLICY_DIR",
        ["web.policy", "--quick --starts 0 web.policy", "--trust policy.from.elsewhere"],
    )
    group = parser.add_argument_group("arguments")
    group.add_argument(
        "policy", metavar="POLICY_DIR", type=Path, help="A directory that `beacon policy` wrote."
    )
    _add_extent(parser)
    add_consent_options(parser)
    add_general_options(parser, "the verification")
    parser.set_defaults(run=run)


def _add_extent(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("how much to run")
    group.add_argument(
        "--quick",
        action="store_true",
        help="Repeat only the runs in the default environment. Default: repeat all.",
    )
    group.add_argument(
        "--starts",
        metavar="N",
        type=number_of_starts,
        default=STARTS,
        help="Start the container N more times without a workload, because some calls come by "
        f"chance; 0 for none. Default: {STARTS}.",
    )
    add_jobs_option(group, "containers")


def run(options: argparse.Namespace, console: Console) -> ExitCode:
    """Verify, write, tell."""
    with writing(options.policy, make=False):
        policy = load_policy(options.policy)
        verification = _verified(options, console)
        write_files(options.policy, {VERIFICATION_FILE: encode(verification)})
    if options.json:
        console.document("verification", _plain(verification))
    else:
        _tell(console, verification, policy)
    return _EXIT_CODES[verification.verdict]


def _verified(options: argparse.Namespace, console: Console) -> Verification:
    consent, granted = consent_of(options)
    request = VerifyRequest(
        options.policy, options.quick, options.starts, options.jobs, consent, granted
    )
    with Progress(console, options.jobs) as progress:
        return verify(request, progress)


def _plain(verification: Verification) -> dict[str, Any]:
    verdict = {"passed": verification.passed, "verdict": verification.verdict}
    return {**verdict, **msgspec.to_builtins(verification)}


def _tell(console: Console, verification: Verification, policy: Policy) -> None:
    for line in (*_told_runs(verification), *told_starts(verification.starts)):
        console.result(line)
    for line in not_seen(policy):
        console.result(f"{line}.")
    console.result(closing(verification))
    if not verification.passed and verification.runs:
        console.result(f"{verification.coverage.sentence()}.")


def _told_runs(verification: Verification) -> Iterator[str]:
    yield from (f"{each.sentence()}." for each in verification.files)
    for run in verification.runs:
        yield from told(run)
    if verification.runs and verification.left_out:
        yield f"{verification.left_out} runs in other environments were not repeated."
    if verification.uncontrolled:
        runs = counted(verification.uncontrolled, "more run")
        yield f"{runs} that differ were not run without the policy: see the others."
