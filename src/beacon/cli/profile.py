"""beacon profile: run the image, watch it, write DIR/profile.json."""

from __future__ import annotations

import argparse
from typing import Any

from beacon.campaign.cell import Conditions
from beacon.campaign.record import record
from beacon.cli.arguments import check_output, directory, positive
from beacon.cli.console import Console, Progress
from beacon.cli.launching import add_launch_options, read_launch
from beacon.cli.opening import open_lab
from beacon.errors import ExitCode
from beacon.model.files import PROFILE_FILE, encode, write_files
from beacon.model.profile import Profile
from beacon.synthesis.everything import needed
from beacon.workloads.registry import find, guess


def add(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "profile",
        help="run an image, watch it from the kernel, write DIR/profile.json",
        description="Run the image under a recording filter (Docker's default, unless "
        "--security-opt names another), alone and under a workload, and write what the kernel "
        "saw to DIR/profile.json. Options come before IMAGE; what follows it is its command.",
    )
    parser.add_argument("-o", "--output", metavar="DIR", type=directory, required=True)
    parser.add_argument(
        "--workload",
        metavar="NAME|SCRIPT",
        default="auto",
        help="http, redis, none, or an executable of yours; auto (the default) goes by the port",
    )
    parser.add_argument("--jobs", metavar="N", type=positive(int), default=2)
    parser.add_argument("--json", action="store_true", help="a JSON document on stdout")
    add_launch_options(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, console: Console) -> ExitCode:
    """Record, write, tell."""
    launch = read_launch(options)
    check_output(options.output)
    workload = None if options.workload == "auto" else find(options.workload)
    with open_lab() as lab:
        image = lab.engine.image(options.image)
        workload = workload or find(guess(image.ports))
        conditions = Conditions(image, launch)
        runs = 1 if workload.name == "none" else 2
        profile = record(lab, conditions, workload, Progress(console, runs), options.jobs)
    write_files(options.output, {PROFILE_FILE: encode(profile)})
    _tell(options, console, profile)
    failed = any(not run.outcome.passed for run in profile.runs)
    return ExitCode.ERROR if failed else ExitCode.DONE


def _tell(options: argparse.Namespace, console: Console, profile: Profile) -> None:
    if options.json:
        console.document("profile", _summary(profile))
    else:
        rows = [_row(run) for run in _summary(profile)["runs"]]
        console.table(None, ["workload", "environment", "ending", "calls", "capabilities"], rows)
    for gap in profile.gaps():
        console.error(f"This profile is not complete: {gap}.")
    path = options.output / PROFILE_FILE
    console.say(f"Wrote {path}; next: beacon policy {options.output} -o POLICY_DIR")


def _row(run: dict[str, Any]) -> list[str]:
    words = (run["workload"], run["environment"], run["ending"])
    return [*words, str(run["syscalls"]), ", ".join(run["capabilities"]) or "none"]


def _summary(profile: Profile) -> dict[str, Any]:
    return {
        "image": profile.image,
        "host": profile.host,
        "complete": not profile.gaps(),
        "gaps": profile.gaps(),
        "runs": [
            {
                "workload": run.workload,
                "environment": run.environment.id,
                "ending": run.outcome.ending,
                "checks": run.outcome.checks,
                "syscalls": len(run.observation.used()),
                "denied": sorted(call.name for call in run.observation.denied()),
                "capabilities": sorted(
                    {c.capability.name for c in run.observation.capabilities if needed(c)}
                ),
                "duration": round(run.duration, 2),
            }
            for run in profile.runs
        ],
    }
