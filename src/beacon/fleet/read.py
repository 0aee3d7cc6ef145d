"""Reads a fleet's file, TOML or CSV: which images, and how each is profiled.

The file is its user's own word, as a command line is: what it gives an image, the image gets.
"""

from __future__ import annotations

import csv
import io
import re
import shlex
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, get_args, get_origin

import msgspec

from beacon.campaign.settings import Settings, anchored, check_launch_options, read_settings
from beacon.errors import UsageError
from beacon.exploration.choose import NAMES
from beacon.fleet.image import FleetImage, Unit
from beacon.model.intent import PRESETS
from beacon.model.launch import Launch, joined
from beacon.model.own_files import read_text
from beacon.model.text import escape_untrusted
from beacon.workloads.discovery import is_known

#: Files of the fleet itself, beside the directories of its images.
JOURNAL_FILE, DOCUMENT_FILE = "fleet.jsonl", "fleet.json"

_LARGEST = 4 << 20  # bytes
MOST = 10_000  # images
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", re.ASCII)
_RESERVED = frozenset({JOURNAL_FILE, DOCUMENT_FILE})
_SEE = "see docs/reference/fleet.md"
_AUTO = "auto"  # the workload is chosen by the sockets

_Table = dict[str, Any]


class _File(msgspec.Struct, forbid_unknown_fields=True):
    images: list[_Table]
    defaults: _Table = {}


def read_fleet(path: Path) -> tuple[Unit, ...]:
    """The campaigns of the file, in its order; UsageError when it cannot be read or is not valid.

    Relative paths in it are taken from its folder.
    """
    try:
        text = read_text(path, _LARGEST)
        tables = list(_csv(text) if path.suffix.lower() == ".csv" else _toml(text))
    except (OSError, ValueError, csv.Error, RecursionError) as error:  # msgspec's errors, too
        reason = getattr(error, "strerror", None) or str(error)
        raise UsageError(
            f"Cannot read {path} ({escape_untrusted(reason[:200])}): {_SEE}."
        ) from None
    if not 0 < len(tables) <= MOST:
        raise UsageError(f"{path} has {len(tables)} images: name at least one, at most {MOST}.")
    units = [_unit(path, number, table) for number, table in enumerate(tables, start=1)]
    _check_names(path, units)
    return tuple(units)


def _toml(text: str) -> Iterator[_Table]:
    file = msgspec.convert(tomllib.loads(text), _File)
    for table in file.images:
        launches = [each.get("launch", {}) for each in (file.defaults, table)]
        if not all(isinstance(each, dict) for each in launches):
            raise ValueError("launch is not a table")
        yield {**file.defaults, **table, "launch": {**launches[0], **launches[1]}}


def _csv(text: str) -> Iterator[_Table]:
    """Columns are fields of an entry or options of its launch; lists are split as a shell does."""
    rows = csv.DictReader(io.StringIO(text), strict=True)
    own, launch = _lists(FleetImage), _lists(Launch)
    names = rows.fieldnames or ()
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"there are two columns {name!r}")
        if name not in own.keys() | launch.keys() or name == "launch":
            raise ValueError(f"there is no column {name!r}")
    for row in rows:
        if None in row or None in row.values():
            raise ValueError(f"line {rows.line_num} has not as many cells as there are columns")
        given = {name: cell for name, cell in row.items() if cell}
        yield {
            **{n: _cell(c, split=own[n]) for n, c in given.items() if n in own},
            "launch": {n: _cell(c, split=launch[n]) for n, c in given.items() if n not in own},
        }


def _cell(text: str, *, split: bool) -> str | list[str]:
    return shlex.split(text) if split else text


def _lists(kind: type[msgspec.Struct]) -> Mapping[str, bool]:
    """Its fields, and whether each is a list."""
    return {each.name: _is_list(each.type) for each in msgspec.structs.fields(kind)}


def _is_list(kind: object) -> bool:
    return get_origin(kind) is tuple or any(get_origin(each) is tuple for each in get_args(kind))


def _unit(path: Path, number: int, table: _Table) -> Unit:
    check_launch_options(path, table)
    try:
        # Not strict: a cell of a table in CSV is text, also where it is a number.
        entry = msgspec.convert(table, FleetImage, strict=path.suffix.lower() != ".csv")
    except msgspec.ValidationError as error:
        said = escape_untrusted(str(error))
        raise UsageError(f"Image {number} of {path} is not valid ({said}): {_SEE}.") from None
    _check_choices(path, number, entry)
    folder = path.absolute().parent
    settings = Settings() if entry.settings is None else read_settings(folder / entry.settings)
    given = msgspec.structs.asdict(anchored(entry.launch, folder))
    defaults = Launch()
    changed = {name: each for name, each in given.items() if each != getattr(defaults, name)}
    entry = msgspec.structs.replace(
        entry,
        name=entry.name or default_name(entry.image),
        launch=joined(settings.launch, changed),
        settings=None,
        workload=_workload(entry.workload, folder) or settings.workload,
    )
    return Unit(entry, msgspec.structs.replace(settings, launch=Launch()))


def _workload(name: str | None, folder: Path) -> str | None:
    """The same with programs of the user's taken from `folder`; None where it is to be chosen."""
    if name is None or name == _AUTO:
        return None
    parts = [name] if (folder / name).is_file() else name.split("+")
    return "+".join(str(folder / each) if _is_program(each, folder) else each for each in parts)


def _is_program(name: str, folder: Path) -> bool:
    """Another name may be a service's that only the workers' hosts have."""
    return not is_known(name) and ("/" in name or (folder / name).is_file())


def default_name(image: str) -> str:
    """`web-1` of `registry:5000/team/web:1`: a name that a directory can have."""
    last = image.partition("@")[0].rpartition("/")[2]
    return re.sub(r"[^A-Za-z0-9._-]", "-", last, flags=re.ASCII)


def _check_choices(path: Path, number: int, entry: FleetImage) -> None:
    for field, known in (("strategy", NAMES), ("preset", tuple(PRESETS))):
        value = getattr(entry, field)
        if value not in known:
            raise UsageError(
                f"Image {number} of {path} has the {field} {escape_untrusted(value)!r}: give one "
                f"of {', '.join(known)}."
            )


def _check_names(path: Path, units: Sequence[Unit]) -> None:
    for name, count in Counter(unit.name.lower() for unit in units).items():
        if not is_name(name):
            raise UsageError(
                f"{path} calls an image {escape_untrusted(name)!r}: give it a `name` of letters, "
                "digits, dots and dashes."
            )
        if count > 1:
            raise UsageError(f"{path} has {count} images {name!r}: give each a `name` of its own.")


def is_name(name: str) -> bool:
    """Whether an image may be called so: a name that a directory beside the fleet's files has."""
    return _NAME.fullmatch(name) is not None and name not in _RESERVED
