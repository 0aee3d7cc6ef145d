"""Mounts in the words of `docker run --mount` and of compose, as -v and --tmpfs have them.

https://docs.docker.com/engine/storage/bind-mounts/#options-for---mount
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from pathlib import Path

from msgspec.structs import replace

from beacon.errors import UsageError
from beacon.model.text import escape_untrusted
from beacon.model.volume import NEW_VOLUME, Tmpfs, Volume

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


def mount_from_words(text: str) -> Volume | Tmpfs:
    """A mount as `--mount` has it: `type=bind,source=/a,target=/b,readonly`. UsageError."""
    fields: dict[str, str] = {}
    for word in next(csv.reader([text]), []):
        name, equals, value = word.partition("=")
        name = _SAME_AS.get(name.strip().lower(), name.strip().lower())
        fields[name] = value if equals else "true"
    return mount_from_fields(fields, f"--mount {text}")


def mount_from_fields(fields: Mapping[str, str], where: str) -> Volume | Tmpfs:
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
    options = tuple(_options(given))
    if kind == "tmpfs":
        return Tmpfs(target, ",".join(options))
    # -v has no options for a target alone.
    return Volume(target, source or (NEW_VOLUME if options else None), options)


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


def host_volume(volume: Volume) -> Volume:
    """A volume as the docker command has it: `./data:/data` becomes an absolute path.

    UsageError for a path of the host that is not there, where the engine would make a folder.
    """
    source = volume.source
    if source is None or not source.startswith(("/", ".")):
        return volume
    path = Path(source).absolute() if source.startswith(".") else Path(source)
    try:
        there = path.exists() or path.is_symlink()
    except OSError:  # a part of it cannot be read, or its name is too long
        there = False
    if not there:
        raise UsageError(
            f"This host has no {escape_untrusted(str(path))}, which is to be mounted at "
            f"{escape_untrusted(volume.target)}: name a path that is there, or make it "
            "first (Docker would make an empty folder)."
        )
    return replace(volume, source=str(path)) if path != Path(source) else volume


def host_volumes(words: Iterable[str]) -> tuple[str, ...]:
    """The words of -v, each as `host_volume` has it."""
    return tuple(str(host_volume(Volume.parse(word))) for word in words)
