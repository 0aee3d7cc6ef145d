"""The CVEs that BeaCon knows (`script/cves` writes the file), with the user's newer scores."""

from __future__ import annotations

from functools import cache
from importlib import resources
from pathlib import Path

import msgspec

from beacon.data.cve_scores import overlay, read_scores, scores_path
from beacon.errors import UsageError
from beacon.model.cve import CVES_VERSION, Cve, Text
from beacon.model.text import escape_untrusted


class Document(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """cves.json. `source` says where the facts come from."""

    source: Text
    cves: tuple[Cve, ...]
    version: int = CVES_VERSION


class _Versioned(msgspec.Struct):
    version: int


@cache
def cves() -> tuple[Cve, ...]:
    """All of them, in the order of their names' parts; read once.

    UsageError when the user's file of scores cannot be used.
    """
    return overlay(package_cves(), read_scores(scores_path()))


@cache
def package_cves() -> tuple[Cve, ...]:
    """All of them as BeaCon came with them."""
    raw = resources.files("beacon.data").joinpath("cves.json").read_bytes()
    return msgspec.json.decode(raw, type=Document).cves


def load(path: Path) -> tuple[Cve, ...]:
    """The CVEs of another file of this form; UsageError when it is missing, damaged or newer."""
    name = escape_untrusted(str(path))
    try:
        raw = path.read_bytes()
        found = msgspec.json.decode(raw, type=_Versioned).version
        if found > CVES_VERSION:
            raise UsageError(
                f"{name} has version {found}, newer than {CVES_VERSION}: update BeaCon."
            )
        return msgspec.json.decode(raw, type=Document).cves
    except OSError as error:
        raise UsageError(
            f"Cannot read {name} ({error.strerror}): name a file of CVEs in BeaCon's form."
        ) from None
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise UsageError(
            f"{name} is not a file of CVEs ({escape_untrusted(str(error))}): "
            "give one that beacon/data/cves.schema.json describes."
        ) from None
