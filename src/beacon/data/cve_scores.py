"""The user's own file of newer CVE scores, which `beacon cves update` writes."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from beacon.errors import UsageError
from beacon.model.cve import Cve, CveId, Cvss
from beacon.model.own_files import read_regular
from beacon.model.text import escape_untrusted

SCORES_FILE = "cve-scores.json"
#: Of SCORES_FILE; a reader refuses a newer one.
SCORES_VERSION = 1

_LARGEST = 64 << 20  # bytes


class Update(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is newer about one CVE; None: nothing."""

    cvss: Cvss | None = None
    kev: bool | None = None


class Scores(msgspec.Struct, frozen=True):
    """The file."""

    updates: dict[CveId, Update] = {}
    version: int = SCORES_VERSION


class _Versioned(msgspec.Struct):
    version: int


def scores_path(environ: Mapping[str, str] = os.environ) -> Path:
    """The file's place: $XDG_DATA_HOME/beacon, or ~/.local/share/beacon where that is not set.

    UsageError when there is no home. As the XDG specification has it, a relative path counts as
    not set.
    """
    base = Path(environ.get("XDG_DATA_HOME", ""))
    if not base.is_absolute():
        try:
            base = Path.home() / ".local" / "share"
        except RuntimeError:
            raise UsageError("There is no home directory: set XDG_DATA_HOME.") from None
    return base / "beacon" / SCORES_FILE


def read_scores(path: Path) -> Scores:
    """The file's content, nothing if there is none; UsageError when it is damaged or newer."""
    name = escape_untrusted(str(path))
    try:
        raw = read_regular(path, _LARGEST)
    except FileNotFoundError:
        return Scores()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UsageError(
            f"Cannot read {name} ({escape_untrusted(reason)}): make it readable, or remove it."
        ) from None
    try:
        version = msgspec.json.decode(raw, type=_Versioned).version
        if version > SCORES_VERSION:
            raise UsageError(
                f"{name} has version {version}, newer than {SCORES_VERSION}: update BeaCon."
            )
        return msgspec.json.decode(raw, type=Scores)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise UsageError(
            f"{name} is damaged ({escape_untrusted(str(error))}): "
            "remove it, then make it again with `beacon cves update`."
        ) from None


def overlay(cves: Iterable[Cve], scores: Scores) -> tuple[Cve, ...]:
    """The CVEs with the newer scores; a score that is replaced stays among the others."""
    nothing = Update()
    return tuple(_updated(cve, scores.updates.get(cve.id, nothing)) for cve in cves)


def _updated(cve: Cve, update: Update) -> Cve:
    if update.kev is not None:
        cve = msgspec.structs.replace(cve, kev=update.kev)
    if update.cvss is None or update.cvss == cve.cvss:
        return cve
    former = (cve.cvss, *cve.cvss_alt) if cve.cvss else cve.cvss_alt
    others = tuple(score for score in former if score != update.cvss)
    return msgspec.structs.replace(cve, cvss=update.cvss, cvss_alt=others)
