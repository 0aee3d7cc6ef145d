"""Reads what a user would enforce: the very files of a policy's directory."""

from __future__ import annotations

import hashlib
import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from beacon.engines.interface import Enforcement
from beacon.errors import UsageError
from beacon.export.docker_args import DockerArgsExporter
from beacon.export.launched import capabilities
from beacon.export.rights import NO_NEW_PRIVILEGES
from beacon.export.seccomp import SeccompExporter
from beacon.model.hardening import read_words
from beacon.model.own_files import read_regular
from beacon.model.policy import Policy
from beacon.model.text import escape_untrusted

_LARGEST = 8 << 20  # bytes of either file

_FIELDS = frozenset({"defaultAction", "defaultErrnoRet", "architectures", "syscalls"})
_RULE_FIELDS = frozenset({"names", "action", "errnoRet", "args"})


@dataclass
class Options:
    """The words of docker.args, by the option that they follow."""

    security: list[str] = field(default_factory=list)
    drop: list[str] = field(default_factory=list)
    add: list[str] = field(default_factory=list)
    hardening: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Enforced:
    """What docker.args and seccomp.json together put on a container; their `texts` by name.

    `hardening` are the words that harden the launch, which are not a part of the policy. `former`
    is the path that a docker.args of an older BeaCon names where the folder has been moved or
    copied since.
    """

    enforcement: Enforcement
    no_new_privileges: bool
    texts: Mapping[str, str]
    hardening: tuple[str, ...] = ()
    former: str | None = None

    @property
    def digest(self) -> str:
        """What `sha256sum docker.args seccomp.json | sha256sum` says in the directory."""
        lines = (f"{_sha256(text)}  {name}\n" for name, text in sorted(self.texts.items()))
        return _sha256("".join(lines))

    def options(self, directory: Path) -> list[str]:
        """The words of docker.args, for whatever folder `docker run` is called in."""
        words = ["--security-opt", f"seccomp={directory.resolve() / SeccompExporter.file}"]
        if self.no_new_privileges:
            words += ["--security-opt", NO_NEW_PRIVILEGES]
        words += ["--cap-drop", "ALL"]
        for name in self.enforcement.capabilities or ():
            words += ["--cap-add", name]
        return [*words, *self.hardening]


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def enforcement(policy: Policy) -> Enforcement:
    """What the files of the policy's directory would put on a container."""
    seccomp = SeccompExporter().render(policy).decode()
    return Enforcement(seccomp, tuple(capabilities(policy)))


def read_enforced(directory: Path) -> Enforced:
    """Read DIR/docker.args and DIR/seccomp.json; UsageError when they do not fit together."""
    path = directory / DockerArgsExporter.file
    text = _read(path)
    options = parse_options(path, text)
    profiles = [o.removeprefix("seccomp=") for o in options.security if o.startswith("seccomp=")]
    expected = directory.resolve() / SeccompExporter.file
    seccomp = _read(expected)
    if not (len(profiles) == 1 and _is_the_same(Path(profiles[0]), expected, seccomp)):
        named = escape_untrusted(", ".join(profiles)) or "no seccomp profile"
        raise UsageError(
            f"{path} names {named}, which is not the same as {expected}: write "
            f"{expected.name} in its place, or write the policy again with `beacon policy`."
        )
    if options.drop != ["ALL"]:
        raise UsageError(f"{path} does not drop all capabilities: write the policy again.")
    if set(options.security) - {f"seccomp={profiles[0]}", NO_NEW_PRIVILEGES}:
        raise UsageError(f"{path} holds options that BeaCon did not write: write the policy again.")
    _check_profile(expected, seccomp)
    return Enforced(
        Enforcement(seccomp, tuple(options.add)),
        NO_NEW_PRIVILEGES in options.security,
        {path.name: text, expected.name: seccomp},
        tuple(options.hardening),
        None if profiles[0] in (expected.name, str(expected)) else escape_untrusted(profiles[0]),
    )


def _is_the_same(named: Path, expected: Path, seccomp: str) -> bool:
    """Whether it is the file, or a copy of it, or its place before the folder was moved."""
    if named in (Path(expected.name), expected):
        return True
    try:
        return named.name == expected.name and read_regular(named, _LARGEST) == seccomp.encode()
    except FileNotFoundError:
        return True
    except (OSError, ValueError):
        return False


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
    words, options.hardening = _without_hardening(words)
    if len(words) % 2 or any(name not in lists for name in words[::2]):
        raise UsageError(f"{path} holds options that BeaCon did not write: write the policy again.")
    for name, value in zip(words[::2], words[1::2], strict=True):
        lists[name].append(value)
    return options


def _without_hardening(words: list[str]) -> tuple[list[str], list[str]]:
    """The words of the policy, and those that harden the launch: all from the first of these on.

    Words that are not what `Hardening` writes stay with the policy's, where they are refused.
    """
    for place in range(len(words)):
        if hardening := read_words(words[place:]):
            return words[:place], hardening.words()
    return words, []


def _read(path: Path) -> str:
    try:
        return read_regular(path, _LARGEST).decode()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise UsageError(
            f"Cannot read {path} ({reason}): name a directory that `beacon policy` wrote."
        ) from None


def _check_profile(path: Path, text: str) -> None:
    """UsageError for what BeaCon cannot have written.

    The engine takes `DEFAULTACTION` for `defaultAction`, and of two the last: what it would read
    must be what BeaCon judges.
    """
    try:
        document = json.loads(text, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        reason = escape_untrusted(str(error)[:200])
        raise UsageError(f"{path} is not valid JSON ({reason}): write the policy again.") from None
    if not isinstance(document, dict) or "defaultAction" not in document:
        raise UsageError(f"{path} is not a seccomp profile: write the policy again.")
    rules = document.get("syscalls", [])
    whole = isinstance(rules, list) and all(map(_is_rule, rules))
    if not whole or set(document) - _FIELDS or not isinstance(document["defaultAction"], str):
        raise UsageError(f"{path} has parts that BeaCon did not write: write the policy again.")


def _is_rule(rule: Any) -> bool:
    if not isinstance(rule, dict) or set(rule) - _RULE_FIELDS:
        return False
    names = rule.get("names")
    named = isinstance(names, list) and all(isinstance(name, str) for name in names)
    return named and isinstance(rule.get("action"), str)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name occurs twice")
    return found
