"""beacon merge: join profiles of several hosts, test suites, versions or runtimes."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Sequence
from typing import Any

from beacon.cli.arguments import check_output, directory
from beacon.cli.console import Console, counted
from beacon.cli.documents import MergeSummary
from beacon.cli.parser import add_command, add_general_options
from beacon.cli.profiles import add_different_images_option, add_profiles_argument, load_profiles
from beacon.errors import ExitCode
from beacon.model.event import Event
from beacon.model.files import PROFILE_FILE, write_profile, writing
from beacon.synthesis.contribution import contributions

_SHOWN = 5


def add(commands: Any) -> None:
    """Add the command to the parser."""
    parser = add_command(
        commands,
        "merge",
        "Join profiles of several hosts, test suites, image versions or runtimes.",
        "Write one profile with the runs of all, each with its origin: image, host, container "
        "runtime and BeaCon's version. Equal runs count once, and the order of the directories "
        "makes no difference. Shows what only one of the sources needs "
        "(docs/guides/merge.md).\n\n"
        "Profiles are refused that no single policy could be proved for: of different "
        "architectures, of images with different names, recorded with different options, or a job "
        "and a service.",
        "[OPTIONS] -o DIR PROFILE_DIR PROFILE_DIR…",
        [
            "debian.profile fedora.profile -o web.profile",
            "web-1.profile web-2.profile -o web.profile",
        ],
    )
    group = parser.add_argument_group("arguments")
    add_profiles_argument(group)
    group.add_argument(
        "-o",
        "--output",
        metavar="DIR",
        type=directory,
        required=True,
        help="Write profile.json to this directory; it is made if it is not there. Required.",
    )
    add_different_images_option(parser.add_argument_group("options"))
    add_general_options(parser, "the sources, with what only they need")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, console: Console) -> ExitCode:
    """Join, write, tell."""
    check_output(options.output)
    profile, scripts = load_profiles(options.profiles, console, options.different_images)
    with writing(options.output):
        write_profile(options.output, profile, scripts)
    summary = MergeSummary(
        image=profile.image,
        runs=len(profile.runs),
        gaps=profile.gaps(),
        sources=contributions(profile),
    )
    if options.json:
        console.document("merge", summary)
    else:
        _tell(console, summary)
    path = options.output / PROFILE_FILE
    directory = shlex.quote(str(options.output))
    console.say(f"Wrote {path}; next: beacon policy {directory} -o POLICY_DIR")
    return ExitCode.DONE


def _tell(console: Console, summary: MergeSummary) -> None:
    console.result(f"image    {summary.image.reference}")
    for each in summary.sources:
        said = f"{counted(each.runs, 'run')}, {counted(each.events, 'event')}"
        console.result(f"source   {each.origin.sentence()}: {said}")
        if len(summary.sources) > 1:
            console.result(f"  only here  {_some(each.only)}")
    for gap in summary.gaps:
        console.result(f"not complete: {gap}")


def _some(events: Sequence[Event]) -> str:
    more = f" and {len(events) - _SHOWN} more (--json)" if len(events) > _SHOWN else ""
    return (", ".join(map(str, events[:_SHOWN])) or "nothing") + more
