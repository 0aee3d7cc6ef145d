"""beacon profile: explore environments of an image, watch it, write DIR/profile.json."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec

from beacon.campaign.neighbours import alone
from beacon.campaign.never import unserved, why_unserved
from beacon.campaign.profiling import profile as profile_image
from beacon.campaign.request import ProfileRequest
from beacon.campaign.settings import Settings, read_settings
from beacon.cli.arguments import check_output, directory
from beacon.cli.consent_options import sealed
from beacon.cli.console import Console
from beacon.cli.engine_options import add_engine_options, engine_choice
from beacon.cli.explore_options import (
    add_exploration_options,
    named_dimensions,
    named_services,
)
from beacon.cli.launch_options import (
    add_image,
    add_launch_options,
    add_readiness_options,
    read_launch,
)
from beacon.cli.parser import add_command, add_general_options
from beacon.cli.pod_options import add_pod_options, container_name, over_cri, pod_of
from beacon.cli.profile_report import job_hint, summary, tell
from beacon.cli.progress import Progress
from beacon.compose.interface import Stack
from beacon.compose.read import read_stack
from beacon.engines.interface import Pull
from beacon.errors import ExitCode, UsageError
from beacon.model.files import PROFILE_FILE, write_profile, writing
from beacon.model.launch import joined
from beacon.model.profile import Profile
from beacon.model.text import escape_untrusted
from beacon.pod.interface import Pod

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
        ["[OPTIONS] -o DIR IMAGE [CMD...]", "[OPTIONS] -o DIR --compose FILE --service NAME"],
        [
            "-o web.profile web:1",
            "-o web.profile --strategy baseline web:1",
            "-o db.profile -e DB_PASSWORD=x --time-budget 20m db:15",
            "-o web.profile --compose compose.yaml --service web",
            "-o web.profile --pod deployment.yaml --container web",
            '-o job.profile -v "$PWD/in:/in:ro" my/convert /in/picture.ppm',
        ],
    )
    _add_files(parser)
    _add_driving(parser)
    add_exploration_options(parser)
    add_launch_options(parser)
    add_readiness_options(parser)
    add_pod_options(parser, "all, each into a directory of its name in DIR")
    add_engine_options(parser, runtime=False)
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
    group.add_argument(
        "--compose",
        metavar="FILE",
        type=Path,
        help="Profile the service of this compose file that --service names: start what it needs, "
        "unwatched, then the service in their network, as the file says. Options given here are "
        "added (docs/guides/stack.md). Default: no file, and the image is named.",
    )
    add_image(group)


def _add_driving(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("workload")
    group.add_argument(
        "--workload",
        metavar="NAME[:PORT]",
        action="append",
        default=[],
        help="What drives the container from outside: a name that `beacon services` shows (http, "
        "memcached:11212), none, or the path of an executable of yours, which is kept in DIR. "
        "May be repeated: they drive one after the other, those of one name each at a port of its "
        "own. Default: auto, which chooses by what the container listens on.",
    )
    group.add_argument(
        "--settings",
        metavar="FILE",
        type=Path,
        help="The image's own launch options, workload and environments (TOML, "
        "docs/reference/settings.md). Lists given here are added to the file's, other "
        "values replace its. Default: none.",
    )


def run(options: argparse.Namespace, console: Console) -> ExitCode:
    """Record, write, tell."""
    for note in options.without_effect:
        console.say(f"Note: {note}.")
    name, pod = container_name(options), pod_of(options)
    check_output(options.output)
    if pod is None or name is not None or len(pod.containers) == 1:
        return _profile(_request(options, pod, name), options.output, options, console)
    codes = []
    for each in pod.containers:
        console.say(f"The container {escape_untrusted(each.name)}:")
        output = directory(str(options.output / each.name))
        request = replace(_request(options, pod, each.name), directory=output)
        codes.append(_profile(request, output, options, console))
    return max(codes)


def _profile(
    request: ProfileRequest, output: Path, options: argparse.Namespace, console: Console
) -> ExitCode:
    """Record one container, write, tell."""
    with writing(output):
        with Progress(console, options.jobs) as progress:
            recorded = profile_image(request, progress)
        recorded = sealed(recorded, console)
        write_profile(output, recorded)
    if options.json:
        console.document("profile", summary(recorded))
    else:
        tell(console, recorded)
    if note := job_hint(recorded):
        console.say(f"Note: {note}.")
    path = output / PROFILE_FILE
    if recorded.gaps():
        _tell_gaps(recorded, console)
        console.say(f"Wrote {path}")
        return ExitCode.ERROR
    console.say(f"Wrote {path}; next: beacon policy {shlex.quote(str(output))} -o POLICY_DIR")
    return ExitCode.DONE


def _tell_gaps(profile: Profile, console: Console) -> None:
    run = unserved(profile.runs)
    if run is None:
        for gap in profile.gaps():
            console.error(f"This profile is not complete: {gap}.")
        return
    log = run.outcome.log or "The container wrote nothing."
    console.error(f"This profile is not complete: {why_unserved(run)}", log)


def _request(
    options: argparse.Namespace, pod: Pod | None = None, container: str | None = None
) -> ProfileRequest:
    settings = read_settings(options.settings) if options.settings else Settings()
    workload = workload_name(options.workload) or settings.workload or _AUTO
    stack = read_stack(options.compose) if options.compose else None
    name = None if pod is not None else _service(options, stack)
    if pod is not None:
        if options.image is not None:
            raise UsageError("The manifest names the image: leave out the one behind the options.")
        chosen = pod.container(container)
        image, own = chosen.image, msgspec.structs.asdict(chosen.launch)
        launch = read_launch(options, joined(settings.launch, own))
    elif stack is None or name is None:
        image, launch = options.image, read_launch(options, settings.launch)
    else:
        image = stack.service(name).image
        file = msgspec.structs.asdict(alone(stack, name))
        launch = read_launch(options, joined(settings.launch, file))
    return ProfileRequest(
        image=image,
        launch=launch,
        workload=None if workload == _AUTO else workload,
        pull=Pull(options.pull or Pull.MISSING),
        settings=settings,
        services=None if stack else named_services(options.service),
        as_configured=options.as_configured,
        strategy=options.strategy,
        dimensions=named_dimensions(options.dimensions),
        max_runs=options.max_runs,
        time_budget=options.time_budget,
        target=options.target,
        seed=options.seed,
        jobs=options.jobs,
        directory=options.output,
        resume=options.resume,
        stack=stack,
        stack_service=name,
        pod=pod,
        pod_container=container,
        engine=over_cri(engine_choice(options), pod),
    )


def _service(options: argparse.Namespace, stack: Stack | None) -> str | None:
    """The service of the compose file; UsageError where image and file do not fit together."""
    if stack is None:
        if options.image is None:
            raise UsageError("Name the image that is to be profiled: -o DIR IMAGE [CMD...].")
        return None
    if options.image is not None:
        raise UsageError("The compose file names the image: leave out the one behind the options.")
    if len(options.service) != 1:
        raise UsageError("Name one service of the compose file: --compose FILE --service NAME.")
    name: str = options.service[0]
    return name


def workload_name(given: Sequence[str]) -> str | None:
    """All of --workload as one name; None without any. UsageError for auto or a path with a +."""
    for name in given if len(given) > 1 else ():
        if name == _AUTO or ("/" in name and "+" in name):
            raise UsageError(
                f"--workload {escape_untrusted(name)} does not combine with another one: "
                "auto stands alone, and a file's name must have no + in it."
            )
    return "+".join(given) or None
