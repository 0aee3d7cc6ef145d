"""Mounts in the words of `docker run --mount` and of compose, as -v and --tmpfs have them.

https://docs.docker.com/engine/storage/bind-mounts/#options-for---mount
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from beacon.errors import UsageError
from beacon.model.text import escape_untrusted

_SAME_AS = {
    "src": "source",
    "dst": "target",
    "destination": "target",
    "ro": "readonly",
}
_FLAGS = frozenset({"readonly", "volume-nocopy"})
_KNOWN = {
    "bind": frozenset({"source", "target", "readonly", "bind-propagation"}),
    "volume": frozenset({"source", "target", "readonly", "volume-nocopy"}),
    "tmpfs": frozenset({"target", "readonly", "tmpfs-size", "tmpfs-mode"}),
}
#: It says how far apart host and container may be on macOS, and nothing elsewhere.
_MEANINGLESS = frozenset({"consistency"})


@dataclass(frozen=True)
class MountWord:
    """A mount as the value of -v; of --tmpfs if it is in `memory`."""

    word: str
    memory: bool = False


def mount_from_words(text: str) -> MountWord:
    """A mount as `--mount` has it: `type=bind,source=/a,target=/b,readonly`. UsageError."""
    fields: dict[str, str] = {}
    for word in next(csv.reader([text]), []):
        name, equals, value = word.partition("=")
        name = _SAME_AS.get(name.strip().lower(), name.strip().lower())
        fields[name] = value if equals else "true"
    return mount_from_fields(fields, f"--mount {text}")


def mount_from_fields(fields: Mapping[str, str], where: str) -> MountWord:
    """A mount by the names of `--mount`; UsageError for what -v and --tmpfs cannot say."""
    given = {name: value for name, value in fields.items() if name not in _MEANINGLESS}
    kind = given.pop("type", "volume")
    shown = escape_untrusted(where)
    if kind not in _KNOWN:
        raise UsageError(f"{shown} has a type that is not supported: use bind, volume or tmpfs.")
    if unknown := sorted(set(given) - _KNOWN[kind]):
        raise UsageError(
            f"{shown} has {escape_untrusted(unknown[0])}, which is not supported for {kind}: "
            f"known are {', '.join(sorted(_KNOWN[kind]))}."
        )
    target, source = given.get("target", ""), given.get("source", "")
    if not target or (kind == "bind" and not source):
        raise UsageError(f"{shown} lacks its {'target' if not target else 'source'}: name it.")
    if ":" in target or ":" in source:
        raise UsageError(f"{shown} has a colon in a path, which is not supported: rename it.")
    if kind == "bind" and not source.startswith("/"):
        source = str(Path(source).resolve())
    options = ",".join(_options(given))
    if kind == "tmpfs":
        return MountWord(f"{target}:{options}" if options else target, memory=True)
    place = f"{source}:{target}" if source else target
    if options and not source:
        place = f"@new:{target}"
    return MountWord(f"{place}:{options}" if options else place)


def _options(given: Mapping[str, str]) -> list[str]:
    options = []
    if _is_set(given, "readonly"):
        options.append("ro")
    if _is_set(given, "volume-nocopy"):
        options.append("nocopy")
    if "bind-propagation" in given:
        options.append(given["bind-propagation"])
    options += [f"{n}={given[f'tmpfs-{n}']}" for n in ("size", "mode") if f"tmpfs-{n}" in given]
    return options


def _is_set(given: Mapping[str, str], name: str) -> bool:
    value = given.get(name, "false")
    if value not in ("true", "false", "1", "0"):
        raise UsageError(f"{name} is true or false, not {escape_untrusted(value)!r}: correct it.")
    return value in ("true", "1")


def host_volume(word: str) -> str:
    """A volume as the docker command has it: `./data:/data` becomes an absolute path.

    UsageError for a path of the host that is not there, where the engine would make a folder.
    """
    source, colon, rest = word.partition(":")
    if not colon or not source.startswith(("/", ".")):
        return word
    path = Path(source).absolute() if source.startswith(".") else Path(source)
    try:
        there = path.exists() or path.is_symlink()
    except OSError:  # a part of it cannot be read, or its name is too long
        there = False
    if not there:
        raise UsageError(
            f"This host has no {escape_untrusted(str(path))}, which is to be mounted at "
            f"{escape_untrusted(rest.partition(':')[0])}: name a path that is there, or make it "
            "first (Docker would make an empty folder)."
        )
    return f"{path}:{rest}" if path != Path(source) else word
