"""What the image needs to run, by `docker run`'s own option names."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from pathlib import Path

from beacon.cli.arguments import positive, seconds
from beacon.cli.parser import Parser
from beacon.data.capabilities import check_capability
from beacon.data.docker_run import Taken, ValueKind, docker_run, value_kind
from beacon.engines.interface import Pull
from beacon.model.env_file import env_file
from beacon.model.launch import Launch, joined
from beacon.model.mount import host_volumes, mount_from_words
from beacon.model.security import read_security
from beacon.model.volume import Tmpfs, Volume

#: What the help says of a group of options.
_ABOUT = {
    "process": "What the image needs to run, as for `docker run`. It holds in every run. "
    "Options of `docker run` that change nothing for the container (-d, -p, --rm, --name and "
    "others) are taken without effect; docs/reference/docker-run.md lists them all.",
}
_READ: dict[ValueKind, Callable[[str], object]] = {
    ValueKind.WHOLE: int,
    ValueKind.NUMBER: positive(float),
}
_CHOICES = {"pull": [each.value for each in Pull]}


def add_image(group: argparse._ArgumentGroup) -> None:
    """Add the image and its command."""
    image = group.add_argument(
        "image",
        metavar="IMAGE",
        help="The image, by name, digest or ID. Required without --compose.",
    )
    image.required = False
    command = group.add_argument(
        "command",
        metavar="CMD",
        nargs=argparse.REMAINDER,
        default=[],
        help="The command and its arguments. Default: the image's.",
    )
    command.required = False  # argparse counts it among what is missing, though it may be


def add_launch_options(parser: Parser) -> None:
    """Add what the image needs to run."""
    parser.docker_run = True
    groups: dict[str, argparse._ArgumentGroup] = {}
    for field, option in docker_run().taken.items():
        if option.group not in groups:
            groups[option.group] = parser.add_argument_group(
                f"launch: {option.group}", _ABOUT.get(option.group)
            )
        add_docker_option(groups[option.group], field, option)
    groups["process"].add_argument(
        "--stdin",
        metavar="FILE",
        help="What `docker run -i IMAGE <FILE` does: each run of a job gets the file's bytes as "
        "its standard input, then the end. Default: no input.",
    )


def add_docker_option(
    group: argparse._ArgumentGroup, field: str, option: Taken, text: str | None = None
) -> None:
    """Add one of `docker run`'s options; `text` says something else of it than the table."""
    said, kind = text or option.help, value_kind(field)
    if kind is ValueKind.FLAG:
        group.add_argument(*option.names, dest=field, action="store_true", help=said)
    elif kind is ValueKind.LIST:
        group.add_argument(
            *option.names,
            dest=field,
            metavar=option.metavar,
            action="append",
            default=[],
            help=f"{said} May be repeated.",
        )
    else:
        read = _READ.get(kind, str)
        choices = _CHOICES.get(field)
        group.add_argument(
            *option.names,
            dest=field,
            metavar=option.metavar,
            type=read,
            choices=choices,
            help=said,
        )


def add_readiness_options(parser: argparse.ArgumentParser) -> None:
    """Add what says when the container counts as ready."""
    group = parser.add_argument_group(
        "readiness",
        "When the workload begins. By default: when the image's health check passes, else when an "
        "exposed port answers, else when the container has lived for --ready-after.",
    )
    group.add_argument(
        "--ready-timeout",
        metavar="SECONDS",
        type=seconds,
        help="Give a container up that is not ready by then; end a job by then. Default: 60.",
    )
    group.add_argument(
        "--ready-log",
        metavar="TEXT",
        help="Count it as ready once a line of its output holds this text.",
    )
    group.add_argument(
        "--ready-after",
        metavar="SECONDS",
        type=seconds,
        help="Count an image without health check and exposed port as ready after this time at "
        "the earliest: its first run is also awaited until it rests, further ones until they "
        "listen where the first one did. Default: 3.",
    )
    group.add_argument(
        "--job",
        action="store_true",
        help="It is never ready: it works and ends by itself, within --ready-timeout. Needed for a "
        "job that takes longer than --ready-after, or whose image exposes a port "
        "(docs/guides/jobs.md).",
    )


def read_launch(options: argparse.Namespace, base: Launch | None = None) -> Launch:
    """The launch that the options ask for; UsageError for one that makes no sense.

    `base` is what the image's settings say: lists are added to it, the rest takes its place.
    """
    given = {field: getattr(options, field) for field in docker_run().taken}
    files = [line for path in given.pop("env_file") for line in env_file(Path(path))]
    mounts = [mount_from_words(word) for word in given.pop("mount")]
    security = read_security(given.pop("security_opt"))
    del given["pull"], given["runtime"]  # of the image, and of the engine
    for name in (*options.cap_add, *options.cap_drop):
        check_capability(name)
    given |= {
        "command": tuple(options.command),
        "env": tuple(_variables([*files, *options.env])),
        "volumes": host_volumes(
            (*options.volumes, *(str(each) for each in mounts if isinstance(each, Volume)))
        ),
        "tmpfs": (*options.tmpfs, *(str(each) for each in mounts if isinstance(each, Tmpfs))),
        "stdin": options.stdin,
        "no_new_privileges": security.no_new_privileges,
        "apparmor": security.apparmor,
        "job": options.job,
        "ready_log": options.ready_log,
        "ready_after": options.ready_after,
        "ready_timeout": options.ready_timeout,
        "seccomp": security.seccomp,
    }
    return joined(base or Launch(), given)


def _variables(words: list[str]) -> list[str]:
    """NAME=VALUE as given; a bare NAME takes its value from our environment, if it has one."""
    given = [word if "=" in word else (word, os.environ.get(word)) for word in words]
    return [
        item if isinstance(item, str) else f"{item[0]}={item[1]}"
        for item in given
        if isinstance(item, str) or item[1] is not None
    ]
