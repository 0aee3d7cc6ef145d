"""beacon reach: what an image's programs can call, and why."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from beacon.campaign.open_context import open_engine
from beacon.campaign.reaching import reach_of
from beacon.cli.console import Console
from beacon.cli.engine_options import add_engine_options, engine_choice
from beacon.cli.parser import add_command, add_general_options
from beacon.engines.choose import EngineChoice
from beacon.errors import ExitCode, UsageError
from beacon.model.files import PROFILE_FILE, load_profile
from beacon.model.launch import Launch
from beacon.model.reach import Reach, Scope
from beacon.reach.cache import Cache, default_directory


def add(commands: Any) -> None:
    """Add the command to the parser."""
    parser = add_command(
        commands,
        "reach",
        "List the system calls that an image's programs can make.",
        "Analyse the machine code of an image's programs and libraries, without running them: "
        "which system calls can they make, and in which function? For a profile's directory, show "
        "what was found when it was recorded. Results are kept in $XDG_CACHE_HOME/beacon/reach "
        "(default: ~/.cache/beacon/reach).",
        "[--scope SCOPE] [--json] IMAGE|DIR",
        ["web:1", "--scope run web.profile"],
    )
    group = parser.add_argument_group("arguments")
    group.add_argument(
        "subject",
        metavar="IMAGE|DIR",
        help="An image that the engine has, or a directory that `beacon profile` wrote.",
    )
    group = parser.add_argument_group("options")
    group.add_argument(
        "--scope",
        metavar="SCOPE",
        choices=[str(scope) for scope in Scope],
        default=None,
        help="Whose calls the text lists. run: those of the programs that the runs executed. "
        "beside: also those of the service's packages, its entry point, clients, health check and "
        "shells. image: those of all programs. Default: beside. --json has all scopes.",
    )
    add_engine_options(parser, runtime=False)
    add_general_options(parser, "the calls with their callers")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, console: Console) -> ExitCode:
    """Find, tell."""
    scope = Scope(options.scope or Scope.BESIDE)
    found = _found(options.subject, engine_choice(options), console)
    if options.json:
        console.document("reach", found)
    else:
        _tell(console, found, scope)
    return ExitCode.DONE


def _found(subject: str, choice: EngineChoice, console: Console) -> Reach:
    if _is_profile(subject):
        stored = load_profile(Path(subject)).reach
        if stored is None:
            raise UsageError(
                f"The profile in {subject} does not say what its image's programs can call: "
                "name the image, or record it again."
            )
        return stored
    with closing(open_engine(choice, console.say)) as engine:
        image = engine.image(subject)
        return reach_of(engine, image, Launch(), (), Cache(default_directory()))


def _is_profile(subject: str) -> bool:
    try:
        return (Path(subject) / PROFILE_FILE).exists()
    except (OSError, ValueError):  # no name that a file can have
        return False


def _tell(console: Console, found: Reach, scope: Scope) -> None:
    calls = found.within(scope)
    rows = [[each.call, str(each.scope), each.who()] for each in calls.values()]
    console.table(None, ["call", "scope", "who"], rows)
    console.result()
    files = found.files.get(scope, 0)
    console.result(f"{len(calls)} system calls are within reach of {files} files ({scope}).")
    for line in _left(found, scope):
        console.result(line)


def _left(found: Reach, scope: Scope) -> Iterator[str]:
    unresolved = [each for each in found.unresolved if each.scope in scope.nearer()]
    if unresolved:
        yield "Further calls may be made where the analysis cannot say which:"
    for each in unresolved:
        yield f"  {each.file or 'other files'}: {each.reason} ({each.count})"
