"""What the image needs to run, by `docker run`'s own option names."""

from __future__ import annotations

import argparse
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from beacon.cli.arguments import seconds
from beacon.errors import UsageError
from beacon.model.launch import Launch
from beacon.model.own_files import read_text

_REPEATED = (
    (
        ("-e", "--env"),
        "NAME[=VALUE]",
        "Set an environment variable; without a value it has that of this shell.",
    ),
    (
        ("--env-file",),
        "FILE",
        "Set the variables of a file with a NAME=VALUE on each line; -e wins over it.",
    ),
    (
        ("-v", "--volume"),
        "SOURCE:TARGET[:OPTIONS]",
        "Mount a path of the host or a volume; `ro` among the options makes it read-only. A job "
        "gets a copy of what it can write to (docs/guides/jobs.md).",
    ),
    (("--tmpfs",), "TARGET[:OPTIONS]", "Mount an empty file system in memory."),
    (
        ("--cap-add",),
        "CAPABILITY",
        "Grant a capability beyond Docker's default: SYS_NICE, CAP_NET_ADMIN, ALL.",
    ),
    (
        ("--cap-drop",),
        "CAPABILITY",
        "Take a capability of Docker's default away: CHOWN, ALL.",
    ),
    (
        ("--security-opt",),
        "OPTION",
        "Values: no-new-privileges, seccomp=FILE (record under this filter), seccomp=unconfined "
        "(under one that denies nothing), apparmor=PROFILE.",
    ),
)
_SINGLE = (
    (
        ("-u", "--user"),
        "USER[:GROUP]",
        "Run as this user and group, by name or number. Default: the image's.",
    ),
    (("-w", "--workdir"), "DIR", "Start in this directory. Default: the image's."),
    (("--entrypoint",), "COMMAND", "Run this in place of the image's entry point."),
    (
        ("--network",),
        "NETWORK",
        "Connect to this network: bridge, none, host, or another one by its name. Default: bridge.",
    ),
    (
        ("--log-driver",),
        "DRIVER",
        "Hand the container's output to this log driver: json-file, none. Default: the engine's.",
    ),
)
_FLAGS = (
    (("--init",), "Run an init as the first process."),
    (("--read-only",), "Mount the root file system read-only."),
    (("-i", "--interactive"), "Keep standard input open; nothing is sent to it."),
    (("-t", "--tty"), "Give the container a terminal."),
)


def add_image(group: argparse._ArgumentGroup) -> None:
    """Add the image and its command."""
    group.add_argument("image", metavar="IMAGE", help="The image, by name, digest or ID.")
    command = group.add_argument(
        "command",
        metavar="CMD",
        nargs=argparse.REMAINDER,
        help="The command and its arguments. Default: the image's.",
    )
    command.required = False  # argparse counts it among what is missing, though it may be


def add_launch_options(parser: argparse.ArgumentParser) -> None:
    """Add what the image needs to run."""
    group = parser.add_argument_group(
        "launch",
        "What the image needs to run, as for `docker run`. It holds in every run.",
    )
    for names, metavar, text in _REPEATED:
        group.add_argument(
            *names, metavar=metavar, action="append", default=[], help=f"{text} May be repeated."
        )
    for names, metavar, text in _SINGLE:
        group.add_argument(*names, metavar=metavar, help=text)
    for names, text in _FLAGS:
        group.add_argument(*names, action="store_true", help=text)
    group.add_argument(
        "--stdin",
        metavar="FILE",
        help="What `docker run -i IMAGE <FILE` does: each run of a job gets the file's bytes as "
        "its standard input, then the end. Default: no input.",
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
        help="Count an image without health check and exposed port as ready after this time. "
        "Default: 3.",
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
    security = read_security(options.security_opt)
    files = [line for path in options.env_file for line in _lines(Path(path))]
    given = {
        "command": tuple(options.command),
        "entrypoint": options.entrypoint,
        "env": tuple(_variables([*files, *options.env])),
        "volumes": tuple(options.volume),
        "tmpfs": tuple(options.tmpfs),
        "user": options.user,
        "workdir": options.workdir,
        "network": options.network,
        "log_driver": options.log_driver,
        "interactive": options.interactive,
        "init": options.init,
        "read_only": options.read_only,
        "tty": options.tty,
        "stdin": options.stdin,
        "cap_add": tuple(options.cap_add),
        "cap_drop": tuple(options.cap_drop),
        "no_new_privileges": security.no_new_privileges,
        "apparmor": security.apparmor,
        "job": options.job,
        "ready_log": options.ready_log,
        "ready_after": options.ready_after,
        "ready_timeout": options.ready_timeout,
        "seccomp": security.seccomp,
    }
    return _joined(base or Launch(), given)


def _joined(base: Launch, given: dict[str, Any]) -> Launch:
    changes: dict[str, Any] = {}
    for name, value in given.items():
        if isinstance(value, tuple) and name != "command":
            changes[name] = getattr(base, name) + value
        elif value not in (None, False, ()):
            changes[name] = value
    return msgspec.structs.replace(base, **changes)


def _variables(words: list[str]) -> list[str]:
    """NAME=VALUE as given; a bare NAME takes its value from our environment, if it has one."""
    given = [word if "=" in word else (word, os.environ.get(word)) for word in words]
    return [
        item if isinstance(item, str) else f"{item[0]}={item[1]}"
        for item in given
        if isinstance(item, str) or item[1] is not None
    ]


def _lines(path: Path) -> list[str]:
    """The variables of a file as the docker command reads it: only the blanks before a name go."""
    lines = [line.lstrip() for line in _read(path).replace("\r\n", "\n").split("\n")]
    lines = [line for line in lines if line and not line.startswith("#")]
    for line in lines:
        name = line.partition("=")[0]
        if not name or any(character.isspace() for character in name):
            raise UsageError(f"{path} has no variable's name in {line!r}: write NAME=VALUE.")
    return lines


_LARGEST = 8 << 20  # bytes of a file that an option names


@dataclass
class Security:
    """The options of --security-opt; `seccomp` is the profile's text, or `unconfined`."""

    seccomp: str | None = None
    no_new_privileges: bool = False
    apparmor: str | None = None


def read_security(words: list[str]) -> Security:
    """What the words of --security-opt ask for; UsageError for one that is not understood."""
    found = Security()
    for word in words:
        name, _, value = word.replace(":", "=", 1).partition("=")
        if name == "no-new-privileges" and value in ("", "true", "false"):
            found.no_new_privileges = value != "false"
        elif name == "seccomp" and value:
            found.seccomp = value if value == "unconfined" else _read(Path(value))
        elif name == "apparmor" and value:
            found.apparmor = value
        else:
            raise UsageError(
                f"--security-opt {word!r} is not understood: "
                "use no-new-privileges, seccomp=FILE, seccomp=unconfined or apparmor=PROFILE."
            )
    return found


def _read(path: Path) -> str:
    try:
        return read_text(path, _LARGEST)
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise UsageError(f"Cannot read {path} ({reason}): name another file.") from None
