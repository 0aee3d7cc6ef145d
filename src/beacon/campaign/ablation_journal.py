"""What came of removals, and a journal of it, so that an interrupted ablation goes on."""

from __future__ import annotations

import threading
from pathlib import Path

import msgspec

from beacon.campaign.record_file import RecordFile
from beacon.model.ablation import Breakage
from beacon.model.event import Event
from beacon.model.numbers import Count

JOURNAL_FILE = "ablation.jsonl"


class Removal(msgspec.Struct, frozen=True):
    """What came of the removal that `key` stands for, in `runs` runs.

    `denied` are those of the removed events that the container asked for.
    """

    key: str
    breaks: tuple[Breakage, ...]
    denied: tuple[Event, ...]
    runs: Count


class Journal:
    """The answers of the ablation that `identity` stands for, in DIR/ablation.jsonl.

    A context manager; with `resume` the answers that are there are kept. Errors as of RecordFile.
    """

    def __init__(self, directory: Path, identity: str, *, resume: bool) -> None:
        self._lock = threading.Lock()
        self._done: dict[str, Removal] = {}
        self._file = RecordFile(directory, JOURNAL_FILE, identity, self._take, resume=resume)

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def __len__(self) -> int:
        return len(self._done)

    def done(self, key: str) -> Removal | None:
        """The answer, if there is one."""
        return self._done.get(key)

    def add(self, removal: Removal) -> None:
        """Keep an answer."""
        with self._lock:
            self._file.add([msgspec.json.encode(removal)])
            self._done[removal.key] = removal

    def _take(self, body: bytes) -> None:
        removal = msgspec.json.decode(body, type=Removal)
        self._done[removal.key] = removal
