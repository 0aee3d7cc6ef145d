"""What others' files say of CVEs: NVD's JSON 2.0 and 1.1, the CVE list's records, CISA's KEV.

Whatever in a file is not of a known form is left out; only a file without anything of a known form
is an error.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any, TypeVar

import msgspec
from msgspec import Raw

from beacon.data.cve_formats import (
    Container,
    Envelope,
    Exploited,
    Metric,
    Nvd,
    NvdMetric,
    OldNvd,
    OldThree,
    OldTwo,
    Record,
    Wrapped,
)
from beacon.errors import UsageError
from beacon.model.text import escape_untrusted

_Kind = TypeVar("_Kind")

_ID = re.compile(r"CVE-[0-9]{4}-[0-9]{4,19}")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_BAD = (msgspec.DecodeError, ValueError, RecursionError)

#: Who hides behind the names of sources that NVD uses for kernel CVEs.
_SOURCES = {
    "nvd@nist.gov": "nvd",
    "134c704f-9b21-4f2e-91b3-4a353bdfad0b": "CISA-ADP",
    "416baaa9-dc9f-4396-8d5f-8c081fb06d67": "cna:Linux",
}


class Claim(msgspec.Struct, frozen=True):
    """A vector as somebody gave it, and the day of the record's last change. Nobody checked it."""

    vector: str
    by: str
    when: str | None


class Finding(msgspec.Struct, frozen=True):
    """What one record says of one CVE."""

    id: str
    claims: tuple[Claim, ...]
    exploited: bool  # False: the record does not say so


def findings(raw: bytes) -> Iterator[Finding]:
    """Every record's finding, in the file's order.

    UsageError when the file is no JSON, or holds nothing of a known form.
    """
    found = False
    for piece in _pieces(raw.removeprefix(b"\xef\xbb\xbf")):
        for finding in _piece(piece):
            found = True
            yield finding
    if not found:
        raise UsageError(
            "The file names no CVE in a form that BeaCon knows: "
            "give NVD's JSON (2.0 or 1.1), records of the CVE list, or CISA's KEV catalogue."
        )


def _pieces(raw: bytes) -> Iterable[Raw]:
    """The file's documents: its array's items, or itself, or its lines."""
    kind: Any = list[Raw] if raw.lstrip()[:1] == b"[" else Raw
    try:
        decoded = msgspec.json.decode(raw, type=kind)
        return decoded if isinstance(decoded, list) else [decoded]
    except _BAD as error:
        lines = _lines(raw)
        if not lines:
            text = escape_untrusted(str(error))
            raise UsageError(f"The file is not valid JSON ({text}): fetch it again.") from None
        return lines


def _lines(raw: bytes) -> list[Raw]:
    try:
        return msgspec.json.Decoder(Raw).decode_lines(raw)
    except _BAD:
        return []


def _piece(raw: Raw) -> Iterator[Finding]:
    envelope = _read(raw, Envelope) or Envelope()
    items = (*envelope.vulnerabilities, *envelope.items, *envelope.old_items)
    for item in items or (raw,):
        finding = _finding(item)
        if finding is not None and _ID.fullmatch(finding.id):
            yield finding


def _finding(raw: Raw) -> Finding | None:
    if wrapped := _read(raw, Wrapped):
        return _of_nvd(wrapped.cve)
    if nvd := _read(raw, Nvd):
        return _of_nvd(nvd)
    if old := _read(raw, OldNvd):
        return _of_old_nvd(old)
    if record := _read(raw, Record):
        return _of_record(record)
    if exploited := _read(raw, Exploited):
        return Finding(exploited.id, (), True)
    return None


def _of_nvd(cve: Nvd) -> Finding:
    when = _day(cve.last_modified)
    metrics = [_read(m, NvdMetric) for raw in cve.metrics.values() for m in _list(raw)]
    claims = tuple(
        Claim(m.cvss_data.vector_string, _SOURCES.get(m.source, m.source), when)
        for m in metrics
        if m is not None
    )
    return Finding(cve.id, claims, cve.cisa_exploit_add is not None)


def _of_old_nvd(item: OldNvd) -> Finding:
    three = _read(item.impact.three, OldThree)
    two = _read(item.impact.two, OldTwo)
    vectors = [metric.cvss.vector_string for metric in (three, two) if metric is not None]
    when = _day(item.last_modified_date)
    return Finding(item.cve.meta.id, tuple(Claim(v, "nvd", when) for v in vectors), False)


def _of_record(record: Record) -> Finding:
    when = _day(record.cve_metadata.date_updated)
    claims: list[Claim] = []
    exploited = False
    parts = [("cna:", record.containers.cna), *(("", adp) for adp in record.containers.adp)]
    for prefix, raw in parts:
        container = _read(raw, Container) or Container()
        by = prefix + container.provider_metadata.short_name
        for metric in filter(None, (_read(each, Metric) for each in container.metrics)):
            claims += [Claim(vector, by, when) for vector in metric.vectors()]
            exploited |= metric.exploited()
    return Finding(record.cve_metadata.cve_id, tuple(claims), exploited)


def _list(raw: Raw) -> list[Raw]:
    return _read(raw, list[Raw]) or []


def _read(raw: Raw, kind: type[_Kind]) -> _Kind | None:
    """The part in this form, or None where it has another."""
    try:
        return msgspec.json.decode(raw, type=kind)
    except _BAD:
        return None


def _day(text: str) -> str | None:
    match = _DAY.match(text)
    try:
        return date.fromisoformat(match.group()).isoformat() if match else None
    except ValueError:
        return None
