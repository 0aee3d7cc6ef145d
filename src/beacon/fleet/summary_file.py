"""Reads what a fleet came to from its directory; it may be a stranger's."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec

from beacon.errors import UsageError
from beacon.fleet.read import DOCUMENT_FILE, JOURNAL_FILE, MOST, is_name
from beacon.fleet.result import Result, Summary
from beacon.model.files import read_document, undamaged
from beacon.synthesis.load import has

_SCHEMA = re.compile(r"beacon\.fleet/([1-9][0-9]{0,8})", re.ASCII)
_VERSION = 1
_MAKER = "beacon fleet"
_LARGEST = 64 << 20  # bytes; 10,000 images have 4 MiB if the reasons are short


class _Kind(msgspec.Struct):
    schema: str


def is_fleet(directory: Path) -> bool:
    """Whether a fleet wrote into the directory; UsageError where it has not ended yet."""
    if has(directory, DOCUMENT_FILE):
        return True
    if has(directory, JOURNAL_FILE):
        raise UsageError(
            f"The fleet in {directory} has not ended: continue it with `beacon fleet --resume`."
        )
    return False


def read_summary(directory: Path) -> Summary:
    """Read DIR/fleet.json; UsageError when it is missing, damaged or newer than this BeaCon.

    All names in it are such that a directory may have them.
    """
    path = directory / DOCUMENT_FILE
    raw = read_document(path, _MAKER, _LARGEST)
    with undamaged(path, _MAKER):
        version = _version(msgspec.json.decode(raw, type=_Kind).schema)
        if version > _VERSION:
            raise UsageError(f"{path} has version {version}, newer than {_VERSION}: update BeaCon.")
        summary = msgspec.json.decode(raw, type=Summary)
        _check(summary.images)
    return summary


def _version(schema: str) -> int:
    found = _SCHEMA.fullmatch(schema)
    if found is None:
        raise ValueError(f"it is a {schema[:100]!r}")
    return int(found[1])


def _check(images: tuple[Result, ...]) -> None:
    if len(images) > MOST:
        raise ValueError(f"it has more than {MOST} images")
    names: set[str] = set()
    for each in images:
        if not is_name(each.name):
            raise ValueError(f"it calls an image {each.name[:100]!r}")
        if each.name.lower() in names:
            raise ValueError(f"it has two images {each.name!r}")
        names.add(each.name.lower())
