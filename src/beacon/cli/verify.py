"""beacon verify: run the container under its policy and compare."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from beacon.campaign.healing import ROUNDS, heal
from beacon.campaign.logged import log
from beacon.campaign.request import VerifyRequest
from beacon.campaign.starts import STARTS
from beacon.campaign.verifying import verify
from beacon.cli.arguments import number_of_starts
from beacon.cli.around import around_of, for_containers
from beacon.cli.certified import certified
from beacon.cli.consent_options import add_consent_options
from beacon.cli.console import Console, counted
from beacon.cli.engine_options import add_engine_options
from beacon.cli.explore_options import add_jobs_option
from beacon.cli.missing import told_healing, told_log
from beacon.cli.parser import add_command, add_general_options
from beacon.cli.pod_options import add_pod_options
from beacon.cli.progress import Progress
from beacon.cli.recalled import told_left_out
from beacon.cli.unseen import not_seen
from beacon.cli.verified import closing, told, told_starts
from beacon.errors import ExitCode, UsageError
from beacon.model.files import (
    POLICY_FILE,
    VERIFICATION_FILE,
    encode,
    load_policy,
    write_files,
    writing,
)
from beacon.model.policy import Policy
from beacon.model.verification import Verdict, Verification

#: By what a verification came to.
EXIT_CODES = {
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
        "[OPTIONS] POLICY_DIR [IMAGE]",
        [
            "web.policy",
            "--quick --starts 0 web.policy web:2",
            "--workload ./smoke-test.sh web.policy",
            "--log web.policy",
            "--heal web.policy",
            "--leave-one-out web.policy",
            "--trust policy.from.elsewhere",
        ],
    )
    group = parser.add_argument_group("arguments")
    group.add_argument(
        "policy", metavar="POLICY_DIR", type=Path, help="A directory that `beacon policy` wrote."
    )
    image = group.add_argument(
        "image",
        metavar="IMAGE",
        nargs="?",
        help="Another image to run, by name, digest or ID. What a seal consents to it does not "
        "have: repeat those options. Default: the image that was profiled.",
    )
    image.required = False
    _add_modes(parser)
    _add_extent(parser)
    add_consent_options(parser)
    add_pod_options(parser, "the one that was profiled")
    add_engine_options(parser)
    add_general_options(parser, "the verification")
    parser.set_defaults(run=run)


def _add_modes(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group(
        "what to do about denials",
        "Default: list what was denied, and change nothing but verification.json.",
    )
    modes = group.add_mutually_exclusive_group()
    modes.add_argument(
        "--log",
        action="store_true",
        help="Deny nothing: repeat the runs without the policy, and list all that it would deny. "
        "Proves nothing, so verification.json stays as it is. Exits 10 if the policy would deny "
        "what the intent did not drop, else 11 if a run differs from the recording.",
    )
    modes.add_argument(
        "--heal",
        action="store_true",
        help="If the policy is at fault, add what its runs need and its intent allows, write all "
        f"files of POLICY_DIR anew, and verify again, in {ROUNDS} rounds at most. What is pinned "
        "as denied, or costs more than the intent allows, stays denied. Exits as without it.",
    )


def _add_extent(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("how much to run")
    group.add_argument(
        "--quick",
        action="store_true",
        help="Repeat only the runs in the default environment. Default: repeat all.",
    )
    add_workload_option(group)
    group.add_argument(
        "--starts",
        metavar="N",
        type=number_of_starts,
        default=STARTS,
        help="Start the container N more times without a workload, because some calls come by "
        f"chance; 0 for none. Default: {STARTS}.",
    )
    group.add_argument(
        "--leave-one-out",
        action="store_true",
        help="Run each environment that the policy from all others would not cover under the "
        "policy without what it alone used, and say what suffers. Default: leave them out.",
    )
    add_jobs_option(group, "containers")


def add_workload_option(group: argparse._ArgumentGroup) -> None:
    """Add the option for workloads beside the recorded ones."""
    group.add_argument(
        "--workload",
        metavar="NAME[:PORT]",
        action="append",
        default=[],
        help="Drive the container by this workload as well: a name that `beacon services` shows, "
        "or the path of an executable. One that was not recorded is run without the policy first, "
        "to compare with; the path of one that was consents to it. May be repeated. Default: the "
        "recorded ones.",
    )


def run(options: argparse.Namespace, console: Console) -> ExitCode:
    """Do as asked, write, tell; for all containers of a Pod where DIR has a policy for each."""
    return for_containers(options, console, "policy", POLICY_FILE, _run)


def _run(options: argparse.Namespace, console: Console) -> ExitCode:
    with writing(options.policy, make=False):
        if options.leave_one_out and (options.log or options.heal):
            raise UsageError("--leave-one-out is for a verification: leave --log and --heal out.")
        if options.log:
            return _log(options, console)
        return _heal(options, console) if options.heal else _verify(options, console)


def _verify(options: argparse.Namespace, console: Console) -> ExitCode:
    policy = load_policy(options.policy)
    with _progress(options, console) as (request, progress):
        verification = verify(request, progress)
    write_files(options.policy, {VERIFICATION_FILE: encode(verification)})
    if options.json:
        console.document("verification", _plain(verification))
    else:
        _tell(console, verification, policy)
    return EXIT_CODES[verification.verdict]


def _log(options: argparse.Namespace, console: Console) -> ExitCode:
    with _progress(options, console) as (request, progress):
        logged = log(request, progress)
    if options.json:
        verdict = {"verdict": logged.verdict}
        console.document("verification-log", {**verdict, **msgspec.to_builtins(logged)})
    else:
        for line in told_log(logged):
            console.result(line)
    return EXIT_CODES[logged.verdict]


def _heal(options: argparse.Namespace, console: Console) -> ExitCode:
    with _progress(options, console) as (request, progress):
        healed = heal(request, progress)
    verification = healed.verification
    write_files(options.policy, {VERIFICATION_FILE: encode(verification)})
    if options.json:
        console.document("healing", {**_judgement(verification), **msgspec.to_builtins(healed)})
    else:
        for line in told_healing(healed):
            console.result(line)
        _tell(console, verification, load_policy(options.policy))
    return EXIT_CODES[verification.verdict]


@contextmanager
def _progress(
    options: argparse.Namespace, console: Console
) -> Iterator[tuple[VerifyRequest, Progress]]:
    around = around_of(options, load_policy(options.policy).launch)
    request = VerifyRequest(
        policy=options.policy,
        quick=options.quick,
        starts=options.starts,
        jobs=options.jobs,
        consent=around.consent,
        granted=around.granted,
        leave_one_out=options.leave_one_out,
        image=options.image,
        workloads=tuple(options.workload),
        stack=around.stack,
        pod=around.pod,
        engine=around.engine,
    )
    with Progress(console, options.jobs) as progress:
        yield request, progress


def _judgement(verification: Verification) -> dict[str, Any]:
    return {"passed": verification.passed, "verdict": verification.verdict}


def _plain(verification: Verification) -> dict[str, Any]:
    return {**_judgement(verification), **msgspec.to_builtins(verification)}


def _tell(console: Console, verification: Verification, policy: Policy) -> None:
    for line in (*_told_runs(verification), *told_starts(verification.starts)):
        console.result(line)
    for line in not_seen(policy):
        console.result(f"{line}.")
    if verification.certificate is not None:
        for line in certified(verification.certificate):
            console.result(line)
    for line in told_left_out(verification.leave_one_out or ()):
        console.result(line)
    console.result(closing(verification))
    if not verification.passed and verification.runs:
        console.result(f"{verification.coverage.sentence()}.")


def _told_runs(verification: Verification) -> Iterator[str]:
    yield from (f"{each.sentence()}." for each in verification.files)
    for run in verification.runs:
        yield from told(run)
    if verification.runs and verification.left_out:
        runs = counted(verification.left_out, "run")
        yield f"Not repeated: {runs} in other environments."
    if verification.uncontrolled:
        runs = counted(verification.uncontrolled, "more run")
        yield f"{runs} that differ were not run without the policy: see the others."
