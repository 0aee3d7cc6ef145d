"""beacon record: watch a whole stack while the user's own tests run."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from beacon.campaign.recording import record
from beacon.campaign.request import RecordRequest
from beacon.campaign.stack_verifying import verify_stack
from beacon.campaign.wording import ending
from beacon.cli.arguments import check_output, directory, seconds
from beacon.cli.consent_options import sealed
from beacon.cli.console import Console
from beacon.cli.documents import RecordedService
from beacon.cli.engine_options import add_engine_options, engine_choice
from beacon.cli.parser import add_command, add_general_options
from beacon.cli.profile_report import summary
from beacon.cli.progress import Progress
from beacon.cli.verified import closing, told
from beacon.cli.verify import EXIT_CODES
from beacon.data.runtimes import all_tables
from beacon.errors import ExitCode, UsageError
from beacon.export.all import OUTDATED, render_all
from beacon.model.files import (
    VERIFICATION_FILE,
    encode,
    write_files,
    write_profile,
    writing,
)
from beacon.model.intent import PRESETS
from beacon.model.profile import Profile
from beacon.model.verification import Verdict, Verification
from beacon.synthesis.synthesize import synthesize


def add(commands: Any) -> None:
    """Add the command to the parser."""
    parser = add_command(
        commands,
        "record",
        "Watch all services of a compose file while your own tests run.",
        "Start the services of a compose file in their order, each watched from before its start, "
        "in a network and with volumes of their own; run COMMAND; stop them. Writes a profile for "
        "each service to DIR/SERVICE, of which `beacon policy` makes a policy. With --policies the "
        "services run under their policies: without -o those that are there, with -o those that "
        "the recording leads to. Needs root.\n\n"
        "COMMAND reaches the services at the ports that the file publishes, and at "
        "$BEACON_ADDRESS_SERVICE. Its exit code says whether they work. What of the file is "
        "supported: docs/guides/stack.md. Exits 10 if a policy is at fault, 11 if the stack fails "
        "without them as well.",
        [
            "--compose FILE -o DIR [OPTIONS] -- COMMAND...",
            "--compose FILE --policies DIR [OPTIONS] -- COMMAND...",
        ],
        [
            "--compose compose.yaml -o profiles -- ./integration-tests.sh",
            "--compose compose.yaml -o profiles --policies policies -- pytest tests/integration",
            "--compose compose.yaml --policies policies -- ./integration-tests.sh",
        ],
    )
    group = parser.add_argument_group("arguments")
    group.add_argument(
        "--compose",
        metavar="FILE",
        type=Path,
        required=True,
        help="The compose file that describes the services. Required.",
    )
    group.add_argument(
        "-o",
        "--output",
        metavar="DIR",
        type=directory,
        help="Write DIR/SERVICE/profile.json for each service. Default: record nothing.",
    )
    group.add_argument(
        "--policies",
        metavar="DIR",
        type=directory,
        help="Run each service under the policy in DIR/SERVICE and write its verification.json; "
        "with -o write these policies first, as `beacon policy` does by default. Default: no "
        "policy.",
    )
    command = group.add_argument(
        "command",
        metavar="COMMAND",
        nargs=argparse.REMAINDER,
        default=[],
        help="The command that exercises the stack, with its arguments.",
    )
    command.required = False
    _add_extent(parser)
    add_engine_options(parser)
    add_general_options(parser, "what came of each service")
    parser.set_defaults(run=run)


def _add_extent(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("conditions")
    group.add_argument(
        "--ready-timeout",
        metavar="SECONDS",
        type=seconds,
        default=60.0,
        help="Give the stack up when a service is not ready by then. Default: 60.",
    )
    group.add_argument(
        "--trust",
        action="store_true",
        help="Obey policies that ask for more than the compose file gives their service, whoever "
        "made them. Default: only those that this host sealed.",
    )


def run(options: argparse.Namespace, console: Console) -> ExitCode:
    """Record, derive, verify, tell: what the options ask for."""
    request = _request(options)
    for place in filter(None, (options.output, options.policies)):
        check_output(place)
    recorded = _record(request, options.output, console) if options.output else {}
    complete = not any(profile.gaps() for profile in recorded.values())
    verified: dict[str, Verification] = {}
    if options.policies and complete:
        if recorded:
            _derive(recorded, options.policies, console)
        verified = _verify(request, options.policies, console)
    if options.json:
        console.document("record", {"services": _documents(recorded, verified)})
    else:
        _tell(recorded, verified, console)
    _tell_next(options, recorded, console)
    return _exit_code(verified) if complete else ExitCode.ERROR


def _request(options: argparse.Namespace) -> RecordRequest:
    command = tuple(options.command[options.command[:1] == ["--"] :])
    if not command:
        raise UsageError("Name the command that exercises the stack: -- COMMAND [ARGUMENT...].")
    if not (options.output or options.policies):
        raise UsageError(
            "Say where the profiles go (-o DIR), or whose policies to use (--policies)."
        )
    return RecordRequest(
        options.compose, command, options.ready_timeout, options.trust, engine_choice(options)
    )


def _record(request: RecordRequest, output: Path, console: Console) -> dict[str, Profile]:
    with writing(output):
        with Progress(console, 1) as progress:
            recorded = record(request, progress)
        recorded = {name: sealed(profile, console) for name, profile in recorded.items()}
        for name, profile in recorded.items():
            write_profile(output / name, profile)
    return recorded


def _derive(recorded: Mapping[str, Profile], output: Path, console: Console) -> None:
    with writing(output):
        for name, profile in recorded.items():
            policy = sealed(
                synthesize(profile, PRESETS["availability"], runtimes=all_tables()), console
            )
            files = render_all(policy)
            write_files(output / name, files, outdated=OUTDATED)


def _verify(request: RecordRequest, policies: Path, console: Console) -> dict[str, Verification]:
    with writing(policies, make=False):
        with Progress(console, 1) as progress:
            verified = verify_stack(request, policies, progress)
        for name, verification in verified.items():
            write_files(policies / name, {VERIFICATION_FILE: encode(verification)})
    return verified


def _documents(
    recorded: Mapping[str, Profile], verified: Mapping[str, Verification]
) -> list[RecordedService]:
    return [
        RecordedService(
            service=name,
            profile=summary(recorded[name]) if name in recorded else None,
            verdict=verified[name].verdict if name in verified else None,
            verification=verified.get(name),
        )
        for name in dict.fromkeys((*recorded, *verified))
    ]


def _tell(
    recorded: Mapping[str, Profile], verified: Mapping[str, Verification], console: Console
) -> None:
    if recorded:
        rows = [_row(name, profile) for name, profile in recorded.items()]
        console.table(None, ["service", "image", "ending", "calls", "capabilities"], rows)
    for name, profile in recorded.items():
        if profile.coverage is not None:
            console.result(f"{name}: {profile.coverage.sentence()}")
        for gap in profile.gaps():
            console.error(f"The profile of {name} is not complete: {gap}.")
    for name, verification in verified.items():
        for verified_run in verification.runs:
            for line in told(verified_run):
                console.result(f"{name}: {line}")
        console.result(f"{name}: {closing(verification)}")


def _row(name: str, profile: Profile) -> list[str]:
    (only,) = profile.runs
    needed = {each.capability.name for each in only.observation.capabilities if each.needed}
    return [
        name,
        profile.image.reference,
        ending(only.workload, only.outcome.ending),
        str(len(only.observation.used())),
        ", ".join(sorted(needed)),
    ]


def _tell_next(
    options: argparse.Namespace, recorded: Mapping[str, Profile], console: Console
) -> None:
    if recorded:
        console.say(f"Wrote {options.output}/SERVICE/profile.json for {', '.join(recorded)}")
    if options.policies is None:
        profiles, compose = (shlex.quote(str(each)) for each in (options.output, options.compose))
        console.say(
            f"next: for each SERVICE beacon policy {profiles}/SERVICE -o POLICIES/SERVICE; "
            f"then beacon record --compose {compose} --policies POLICIES -- COMMAND"
        )


def _exit_code(verified: Mapping[str, Verification]) -> ExitCode:
    """That of the worst verdict."""
    verdicts = {each.verdict for each in verified.values()}
    worst = next((each for each in (Verdict.POLICY, Verdict.ENVIRONMENT) if each in verdicts), None)
    return ExitCode.DONE if worst is None else EXIT_CODES[worst]
