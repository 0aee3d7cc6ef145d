"""A fleet's journal: what has begun, and what came of it, so that a killed fleet can go on."""

from __future__ import annotations

from pathlib import Path

import msgspec

from beacon.campaign.record_file import RecordFile
from beacon.fleet.image import Unit
from beacon.fleet.read import JOURNAL_FILE
from beacon.fleet.result import Result, Status

_IDENTITY = "beacon.fleet/1"


class _Record(msgspec.Struct, frozen=True):
    """That a campaign began, or with a `result` that it ended."""

    key: str
    result: Result | None = None


class FleetJournal:
    """DIR/fleet.jsonl; a context manager. Errors are those of RecordFile.

    Campaigns go by what they are asked to do: one whose entry or BeaCon changed has never begun.
    """

    def __init__(self, directory: Path, *, resume: bool) -> None:
        self._begun: set[str] = set()
        self._results: dict[str, Result] = {}
        self._file = RecordFile(directory, JOURNAL_FILE, _IDENTITY, self._take, resume=resume)

    def result(self, unit: Unit) -> Result | None:
        """What came of it; None where it failed, so that it is tried again."""
        found = self._results.get(unit.key)
        return None if found is None or found.status is Status.FAILED else found

    def has_begun(self, unit: Unit) -> bool:
        """Whether its directory holds runs to continue after."""
        return unit.key in self._begun

    def begin(self, unit: Unit) -> None:
        """Keep that it is under way."""
        self._add(_Record(unit.key))

    def end(self, unit: Unit, result: Result) -> None:
        """Keep what came of it."""
        self._add(_Record(unit.key, result))

    def __enter__(self) -> FleetJournal:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def _add(self, record: _Record) -> None:
        self._file.add([msgspec.json.encode(record)])

    def _take(self, body: bytes) -> None:
        record = msgspec.json.decode(body, type=_Record)
        self._begun.add(record.key)
        if record.result is not None:
            self._results[record.key] = record.result
