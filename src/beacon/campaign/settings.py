"""Reads an image's own settings: how it is started, its workload, environments that only it has."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from beacon.errors import UsageError
from beacon.model.environment import Dimension
from beacon.model.launch import Launch, Options
from beacon.model.own_files import read_text
from beacon.model.text import escape_untrusted

_Options = TypeVar("_Options", bound=Options)

_LARGEST = 1 << 20  # bytes
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,60}", re.ASCII)


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A settings file. `official` names the image it stands for; `writable`: see Surroundings."""

    image: str | None = None
    official: str | None = None
    workload: str | None = None
    launch: Launch = Launch()
    writable: tuple[str, ...] = ("/run", "/tmp")  # noqa: S108 - inside the container
    dimensions: tuple[Dimension, ...] = ()


def read_raw(path: Path) -> Settings:
    """Read the file; sources of volumes stay as they are written there.

    UsageError when it cannot be read or is not as docs/reference/settings.md says.
    """
    try:
        document = tomllib.loads(read_text(path, _LARGEST))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UsageError(
            f"Cannot read {path} ({escape_untrusted(reason)}): name another file."
        ) from None
    check_launch_options(path, document)
    try:
        settings = msgspec.convert(document, Settings)
    except msgspec.ValidationError as error:
        raise UsageError(
            f"{path} is not a valid settings file ({escape_untrusted(str(error))}): "
            "see docs/reference/settings.md."
        ) from None
    _check_names(path, settings.dimensions)
    return settings


def read_settings(path: Path) -> Settings:
    """Read the file; relative sources of volumes are taken from its folder.

    UsageError as `read_raw`.
    """
    settings = read_raw(path)
    folder = path.absolute().parent
    return msgspec.structs.replace(
        settings,
        launch=anchored(settings.launch, folder),
        dimensions=tuple(_anchor_values(each, folder) for each in settings.dimensions),
    )


def anchored(launch: Launch, folder: Path) -> Launch:
    """The same with relative paths of this host taken from `folder`."""
    launch = _anchored(launch, folder)
    if launch.stdin is None:
        return launch
    return msgspec.structs.replace(launch, stdin=str(folder / launch.stdin))


def check_launch_options(path: Path, document: dict[str, Any]) -> None:
    """UsageError for an option in the document's table `launch` that there is not."""
    launch = document.get("launch", {})
    known = {each.name for each in msgspec.structs.fields(Launch)}
    unknown = sorted(set(launch) - known) if isinstance(launch, dict) else []
    if unknown:
        raise UsageError(
            f"{path} has an unknown launch option {escape_untrusted(unknown[0])!r}: "
            f"known are {', '.join(sorted(known))}."
        )


def _check_names(path: Path, dimensions: Iterable[Dimension]) -> None:
    for dimension in dimensions:
        for name in (dimension.name, *dimension.values):
            if not _NAME.fullmatch(name):
                raise UsageError(
                    f"{path} calls a dimension or value {escape_untrusted(name)!r}: "
                    "use small letters, digits, dots and dashes."
                )


def _anchor_values(dimension: Dimension, folder: Path) -> Dimension:
    values = {name: _anchored(effect, folder) for name, effect in dimension.values.items()}
    return msgspec.structs.replace(dimension, values=values)


def _anchored(options: _Options, folder: Path) -> _Options:
    sources = {each.source for each in options.mounted() if each.source is not None}
    own = {each for each in sources if _is_own(each, folder)}
    return options.with_sources({each: str((folder / each).resolve()) for each in own})


def _is_own(source: str, folder: Path) -> bool:
    """Whether it lies beside the settings, not elsewhere."""
    if source.startswith(("/", "@")):
        return False
    # As for docker a source without a slash is a volume's name, unless there is such a file.
    return "/" in source or (folder / source).exists()
