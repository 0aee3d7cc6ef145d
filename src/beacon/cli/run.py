"""beacon run: start a container under a policy, or not at all."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from pathlib import Path
from typing import Any

from beacon.campaign.starting import CLIENTS, docker_run
from beacon.cli.console import Console
from beacon.cli.parser import add_command, add_help_option
from beacon.errors import BeaconError, ExitCode


def add(commands: Any) -> None:
    """Add the command to the parser."""
    parser = add_command(
        commands,
        "run",
        "Start a container under a policy, or not at all.",
        "Start IMAGE by `docker run`, or `podman run`, with your options and with the policy's: "
        "its filter and its capabilities. Nothing is started where docker.args or seccomp.json is "
        "missing (exit code 2) or is not what policy.json says (10), nor with an option that "
        "would take the policy's place (2): --privileged, --cap-add, --security-opt "
        "seccomp=PROFILE. Nor under a policy from elsewhere that gives more than a plain container "
        "has (2), unless you --trust it. Notes on standard error say what keeps the last "
        "verification from holding here: another image, other files, another runtime or engine."
        "\n\nBeaCon gives its process to docker or podman, so signals, terminal and exit code are "
        "those of `docker run`.",
        "[--print] [--trust] [--engine NAME] POLICY_DIR [OPTIONS] IMAGE [CMD...]",
        [
            "web.policy -d -p 8080:80 web:1",
            "db.policy --rm -e DB_PASSWORD=x -v data:/var/lib/db db:15",
            "--print web.policy -d web:1",
        ],
    )
    group = parser.add_argument_group("arguments")
    group.add_argument(
        "policy", metavar="POLICY_DIR", type=Path, help="A directory that `beacon policy` wrote."
    )
    command = group.add_argument(
        "words",
        metavar="[OPTIONS] IMAGE [CMD...]",
        nargs=argparse.REMAINDER,
        help="All that `docker run` takes: its options, the image, the command.",
    )
    command.required = False  # what is missing is said in a sentence
    group = parser.add_argument_group("options")
    group.add_argument(
        "--print",
        action="store_true",
        help="Print the `docker run` command, ready to be pasted, and start nothing. It comes "
        "before POLICY_DIR. Default: start it.",
    )
    group.add_argument(
        "--engine",
        metavar="NAME",
        choices=CLIENTS,
        default=CLIENTS[0],
        help=f"Whose `run` starts it. Values: {', '.join(CLIENTS)}. It comes before POLICY_DIR. "
        f"Default: {CLIENTS[0]}.",
    )
    group.add_argument(
        "--trust",
        action="store_true",
        help="Start it even if the policy gives capabilities or system calls beyond Docker's "
        "default, whoever made it. It comes before POLICY_DIR. Default: only where this host "
        "sealed the policy.",
    )
    add_help_option(parser.add_argument_group("general options"))
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, console: Console) -> ExitCode:
    """Become docker or podman."""
    command, notes = docker_run(options.policy, options.words, options.engine, trust=options.trust)
    for note in notes:
        console.say(f"Note: {note}.")
    if options.print:
        console.result(shlex.join(command))
        return ExitCode.DONE
    sys.stdout.flush()
    sys.stderr.flush()
    try:
        os.execvp(command[0], command)  # noqa: S606 (the words are the user's own, no shell reads them)
    except OSError as error:
        raise BeaconError(
            f"The command {command[0]} cannot be run ({error.strerror}): install it."
        ) from None
