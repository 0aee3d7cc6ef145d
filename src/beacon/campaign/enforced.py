"""Reads what a user would enforce: the very files of a policy's directory."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from beacon.engines.interface import Enforcement
from beacon.errors import UsageError
from beacon.export.docker_args import DockerArgsExporter
from beacon.export.rights import NO_NEW_PRIVILEGES
from beacon.export.seccomp import SeccompExporter


@dataclass
class Options:
    """The words of docker.args, by the option that they follow."""

    security: list[str] = field(default_factory=list)
    drop: list[str] = field(default_factory=list)
    add: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Enforced:
    """What docker.args and seccomp.json together put on a container; their `texts` by name."""

    enforcement: Enforcement
    no_new_privileges: bool
    texts: Mapping[str, str]


def read_enforced(directory: Path) -> Enforced:
    """Read DIR/docker.args and the profile it names; UsageError when they do not fit together."""
    path = directory / DockerArgsExporter.file
    text = _read(path)
    options = parse_options(path, text)
    profiles = [o.removeprefix("seccomp=") for o in options.security if o.startswith("seccomp=")]
    expected = directory.resolve() / SeccompExporter.file
    if profiles != [str(expected)]:
        raise UsageError(
            f"{path} does not name {expected}: write the policy again with `beacon policy`."
        )
    if options.drop != ["ALL"]:
        raise UsageError(f"{path} does not drop all capabilities: write the policy again.")
    if set(options.security) - {f"seccomp={expected}", NO_NEW_PRIVILEGES}:
        raise UsageError(f"{path} holds options that BeaCon did not write: write the policy again.")
    seccomp = _read(expected)
    _check_json(expected, seccomp)
    return Enforced(
        Enforcement(seccomp, tuple(options.add)),
        NO_NEW_PRIVILEGES in options.security,
        {path.name: text, expected.name: seccomp},
    )


def parse_options(path: Path, text: str) -> Options:
    """Those in the text of docker.args; UsageError for any that BeaCon does not write."""
    options = Options()
    lists = {
        "--security-opt": options.security,
        "--cap-drop": options.drop,
        "--cap-add": options.add,
    }
    try:
        words = shlex.split(text)
    except ValueError:
        words = [text]
    if len(words) % 2 or any(name not in lists for name in words[::2]):
        raise UsageError(f"{path} holds options that BeaCon did not write: write the policy again.")
    for name, value in zip(words[::2], words[1::2], strict=True):
        lists[name].append(value)
    return options


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except (OSError, UnicodeDecodeError):
        raise UsageError(
            f"Cannot read {path}: name a directory that `beacon policy` wrote."
        ) from None


def _check_json(path: Path, text: str) -> None:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path} is no JSON ({error}): write the policy again.") from None
    if not isinstance(document, dict) or "defaultAction" not in document:
        raise UsageError(f"{path} is no seccomp profile: write the policy again.")
