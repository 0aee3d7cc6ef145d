"""beacon profile: explore environments of an image, watch it, write DIR/profile.json."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from beacon.campaign.cell import Conditions
from beacon.campaign.cleaning import clean
from beacon.campaign.journal import Journal
from beacon.campaign.lab import Lab
from beacon.campaign.never import unserved, why_unserved
from beacon.campaign.reaching import with_reach
from beacon.campaign.recognising import Recogniser, reachable
from beacon.campaign.record import Campaign
from beacon.campaign.settings import Settings, read_settings
from beacon.campaign.standard_input import StandardInput, standard_input
from beacon.cli.arguments import check_output, directory
from beacon.cli.consenting import sealed
from beacon.cli.console import Console
from beacon.cli.exploring import (
    add_exploration_options,
    identity,
    named_services,
    plan,
    planner,
)
from beacon.cli.launching import (
    add_image,
    add_launch_options,
    add_readiness_options,
    read_launch,
)
from beacon.cli.opening import open_lab
from beacon.cli.outcome import job_hint, summary, tell
from beacon.cli.parser import add_command, add_general_options
from beacon.cli.progress import Progress
from beacon.cli.refusals import check_possible, without_effect
from beacon.engines.interface import Image
from beacon.errors import BeaconError, ExitCode, UsageError
from beacon.model.files import PROFILE_FILE, encode, write_files, writing
from beacon.model.launch import Launch
from beacon.model.profile import Profile
from beacon.model.text import printable
from beacon.reach.cache import Cache, default_directory
from beacon.workloads.combination import MOST_PARTS
from beacon.workloads.discovery import find, is_known, services
from beacon.workloads.suited import guess

_AUTO = "auto"


def add(commands: Any) -> None:
    """Add the command to the parser."""
    parser = add_command(
        commands,
        "profile",
        "Run an image in many environments, watch it, write a profile.",
        "Run the image under a recording filter (Docker's default, unless --security-opt names "
        "another): alone, under a workload, then in environments that differ in options, "
        "life-cycle and faults, as long as something new shows. Writes what the kernel saw to "
        "DIR/profile.json. Needs root.\n\nOptions come before IMAGE; what follows it is its "
        "command. The engine is that of DOCKER_HOST, with DOCKER_TLS_VERIFY and DOCKER_CERT_PATH "
        "(default: the local socket).",
        "[OPTIONS] -o DIR IMAGE [CMD...]",
        [
            "-o nginx.profile nginx",
            "-o nginx.profile --strategy baseline nginx",
            "-o db.profile -e POSTGRES_PASSWORD=x --time-budget 20m postgres:15",
            '-o job.profile -v "$PWD/in:/in:ro" my/convert /in/picture.ppm',
        ],
    )
    _add_files(parser)
    _add_driving(parser)
    add_exploration_options(parser)
    add_launch_options(parser)
    add_readiness_options(parser)
    add_general_options(parser, "a summary of the profile")
    parser.set_defaults(run=run)


def _add_files(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("arguments")
    group.add_argument(
        "-o",
        "--output",
        metavar="DIR",
        type=directory,
        required=True,
        help="Write profile.json and journal.jsonl to this directory; it is made if it is not "
        "there. Required.",
    )
    add_image(group)


def _add_driving(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("workload")
    group.add_argument(
        "--workload",
        metavar="NAME[:PORT]",
        action="append",
        default=[],
        help="What drives the container from outside: a name of docs/workloads.md (http, "
        "redis:6380), none, or the path of an executable of yours. Names may be repeated, each "
        "with a port of its own. Default: auto, which chooses by what the container listens on.",
    )
    group.add_argument(
        "--settings",
        metavar="FILE",
        type=Path,
        help="The image's own launch options, workload and environments (TOML, "
        "docs/environments.md). Lists given here are added to the file's, other "
        "values replace its. Default: none.",
    )


def run(options: argparse.Namespace, console: Console) -> ExitCode:
    """Record, write, tell."""
    settings = read_settings(options.settings) if options.settings else Settings()
    options.workload = workload_name(options.workload) or settings.workload or _AUTO
    launch = read_launch(options, settings.launch)
    check_output(options.output)
    with writing(options.output), standard_input(launch) as (launch, stdin):
        profile = sealed(_record(options, settings, launch, stdin, console), console)
        write_files(options.output, {PROFILE_FILE: encode(profile)})
    if options.json:
        console.document("profile", summary(profile))
    else:
        tell(console, profile)
    if note := job_hint(profile):
        console.say(f"Note: {note}.")
    path = options.output / PROFILE_FILE
    if profile.gaps():
        _tell_gaps(profile, console)
        console.say(f"Wrote {path}")
        return ExitCode.ERROR
    console.say(f"Wrote {path}; next: beacon policy {options.output} -o POLICY_DIR")
    return ExitCode.DONE


def _tell_gaps(profile: Profile, console: Console) -> None:
    run = unserved(profile.runs)
    if run is None:
        for gap in profile.gaps():
            console.error(f"This profile is not complete: {gap}.")
        return
    log = run.outcome.log or "The container wrote nothing."
    console.error(f"This profile is not complete: {why_unserved(run)}", log)


def _record(
    options: argparse.Namespace,
    settings: Settings,
    launch: Launch,
    stdin: StandardInput | None,
    console: Console,
) -> Profile:
    workload = None if options.workload == _AUTO else find(options.workload)
    with open_lab() as lab:
        image = lab.engine.image(options.image)
        check_possible(launch, image, workload.name if workload else None)
        for note in without_effect(options, launch, image):
            console.say(f"Note: {note}.")
        if workload is None and reachable(launch):
            find(guess(image.ports))  # a client that is missing is missed before the first run
        chosen = plan(options, settings, image, launch)
        mark = identity(options, image, launch, chosen)
        with (
            Journal(options.output, mark, resume=options.resume) as journal,
            Progress(console, options.jobs) as progress,
        ):
            if options.resume:
                _tidy(lab, console)
                console.say(f"Going on after {len(journal)} finished runs.")
            conditions = Conditions(image, launch, surroundings=chosen.surroundings, stdin=stdin)
            campaign = Campaign(
                lab,
                conditions,
                workload,
                progress,
                options.jobs,
                chosen.strategy,
                chosen.seed,
                chosen.budget,
                journal,
                recogniser=Recogniser(
                    lab,
                    conditions,
                    find,
                    services(),
                    named_services(options.service),
                    vary=not options.as_configured,
                ),
                plan=planner(options, settings, image, launch),
            )
            with _kept(journal, options.output, console):
                profile = campaign.run()
                return _with_reach(profile, lab, image, console)


def _with_reach(profile: Profile, lab: Lab, image: Image, console: Console) -> Profile:
    """Add what the image's programs can call; a profile without it is whole, too."""
    console.say("Analysing what the image's programs can call.")
    began = time.monotonic()
    try:
        found = with_reach(profile, lab.engine, image, Cache(default_directory()))
    except BeaconError as error:
        console.say(f"Note: {error}")
        return profile
    calls = len(found.reach.calls) if found.reach else 0
    console.say(f"They can make {calls} system calls ({time.monotonic() - began:.1f} s).")
    return found


def workload_name(given: Sequence[str]) -> str | None:
    """All of --workload as one name; None without any. UsageError for what does not combine."""
    if not given:
        return None
    name = "+".join(given)
    if len(given) > 1 and not is_known(name):
        raise UsageError(
            f"--workload {printable(' --workload '.join(given))} does not combine: repeat it for "
            f"at most {MOST_PARTS} known workloads at different ports (http:9100); a program of "
            "yours and none stand alone."
        )
    return name


@contextmanager
def _kept(journal: Journal, directory: Path, console: Console) -> Iterator[None]:
    """Say what an interrupt or an error leaves to continue with."""
    try:
        yield
    except BaseException:
        if count := len(journal):
            console.say(
                f"Kept in {directory}: {count} finished {'run' if count == 1 else 'runs'}; "
                "repeat the command with --resume to continue."
            )
        raise


def _tidy(lab: Lab, console: Console) -> None:
    """Remove what the killed predecessor left, lest it disturb the runs to come."""
    removed = clean(lab.engine).removed
    if removed:
        console.say(f"Removed what a killed command left behind: {', '.join(removed)}.")
