"""beacon verify: run the container under its policy and compare."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec

from beacon import __version__
from beacon.campaign.cell import Conditions
from beacon.campaign.consent import changed_input, check_consent
from beacon.campaign.edited import edits
from beacon.campaign.enforced import read_enforced
from beacon.campaign.standard_input import standard_input
from beacon.campaign.starts import STARTS, start_again
from beacon.campaign.verify import chosen, verify
from beacon.cli.arguments import number_of_starts
from beacon.cli.consenting import add_consent_options, consented
from beacon.cli.console import Console, counted
from beacon.cli.exploring import add_jobs_option
from beacon.cli.opening import open_lab
from beacon.cli.parser import add_command, add_general_options
from beacon.cli.progress import Progress
from beacon.cli.unseen import not_seen
from beacon.cli.verified import closing, told, told_starts
from beacon.errors import ExitCode, UsageError
from beacon.export.seccomp import SeccompExporter
from beacon.model.deviation import is_wider
from beacon.model.files import VERIFICATION_FILE, encode, load_policy, write_files, writing
from beacon.model.policy import Policy
from beacon.model.verification import Verdict, Verification
from beacon.synthesis.runtime_floor import other_runtime
from beacon.workloads.discovery import find

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
        "repeated without the policy. Writes DIR/verification.json (docs/verification.md).\n\n"
        "Exits 10 if the policy is at fault, or, before any run, if a file allows more than "
        "policy.json. Exits 11 if all that differs also differs without the policy.",
        "[OPTIONS] POLICY_DIR",
        ["nginx.policy", "--quick --starts 0 nginx.policy", "--trust policy.from.elsewhere"],
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
        verification = _verified(options, policy, console)
        write_files(options.policy, {VERIFICATION_FILE: encode(verification)})
    if options.json:
        console.document("verification", _plain(verification))
    else:
        _tell(console, verification, policy)
    return _EXIT_CODES[verification.verdict]


def _verified(options: argparse.Namespace, policy: Policy, console: Console) -> Verification:
    enforced = read_enforced(options.policy)
    if enforced.former is not None:
        console.say(
            f"Note: docker.args names {enforced.former}, where this folder is not any more; "
            f"`docker run` needs {options.policy.resolve() / SeccompExporter.file} there."
        )
    files = edits(policy, options.policy, enforced.texts)
    if is_wider(files):  # a filter that nobody derived is not run
        return Verification(policy.image, (), __version__, len(policy.replays), files)
    replays = chosen(policy, quick=options.quick)
    found, consent = consented(options, console, policy, replays, enforced.enforcement)
    if options.stdin is not None and policy.launch.stdin is None:
        raise UsageError("This policy was recorded without --stdin: leave it out here, too.")
    launch = msgspec.structs.replace(
        policy.launch,
        no_new_privileges=enforced.no_new_privileges,
        stdin=consent.launch.stdin or policy.launch.stdin,
    )
    with standard_input(launch) as (launch, stdin), open_lab() as lab:
        if note := changed_input(policy.launch, stdin, consent):
            console.say(f"Note: {note}.")
        image = lab.engine.image(policy.image.reference)
        if image.id != policy.image.id:
            console.say(f"Note: {image.reference} is not the image that was profiled any more.")
            # What was given to one image was not given to another of its name.
            check_consent(found, replace(consent, sealed=False))
        enforcement, surroundings = enforced.enforcement, policy.surroundings
        conditions = Conditions(
            image,
            launch,
            enforcement,
            surroundings,
            stdin,
            ends=policy.ends_by_itself(),
            serves=policy.never_ends(),
        )
        runtime = lab.engine.facts().runtime
        if note := other_runtime(policy, runtime):
            console.say(f"Note: {note}.")
        with Progress(console, options.jobs) as progress:
            verification = verify(
                lab, conditions, policy, find, progress, options.jobs, quick=options.quick
            )
        if options.starts:
            console.say(f"Starting it {counted(options.starts, 'more time')}, without a workload")
        starts = start_again(lab, conditions, policy, options.starts, options.jobs)
    return msgspec.structs.replace(verification, files=files, starts=starts, runtime=runtime)


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
