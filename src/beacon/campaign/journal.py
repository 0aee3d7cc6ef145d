"""A campaign's journal: one line a finished run, so that a killed campaign can go on."""

from __future__ import annotations

import threading
from pathlib import Path

import msgspec

from beacon.campaign.record_file import RecordFile
from beacon.model.run import Run, RunKind

JOURNAL_FILE = "journal.jsonl"


class Journal:
    """The finished runs of the campaign that `identity` stands for, in DIR/journal.jsonl.

    A context manager. With `resume` the runs that are there are kept, and UsageError is raised
    if they are another campaign's or no runs at all. BeaconError for a file that is a link,
    another user's, or one that others can write to: its runs would become the profile. Nothing is
    written before a run became ready: a command that cannot start its image replaces no journal.
    """

    def __init__(self, directory: Path, identity: str, *, resume: bool) -> None:
        self._lock = threading.Lock()
        self._done: dict[str, Run] = {}
        self._waiting: list[bytes] = []
        self._written = 0
        self._file = RecordFile(directory, JOURNAL_FILE, identity, self._take, resume=resume)

    def done(self, kind: RunKind, repeat: int = 0) -> Run | None:
        """The finished run of this kind, if there is one."""
        run = self._done.get(kind.name(repeat))
        # Two environments can have one name, in a journal that BeaCon did not write.
        return run if run is not None and run.kind == kind else None

    def __len__(self) -> int:
        """How many finished runs are on the disk."""
        return len(self._done) + self._written

    def add(self, run: Run) -> None:
        """Keep a run; once one is ready, it survives whatever happens next."""
        with self._lock:
            self._waiting.append(msgspec.json.encode(run))
            if self._file.begun or run.outcome.ready:
                self._file.add(self._waiting)
                self._written += len(self._waiting)
                self._waiting.clear()

    def discard(self) -> None:
        """Remove what was written: it is the beginning of nothing."""
        if self._file.discard():
            self._written = 0
            self._done.clear()

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def _take(self, body: bytes) -> None:
        run = msgspec.json.decode(body, type=Run)
        if run.name in self._done:
            raise ValueError(f"it has the run {run.name} twice")
        self._done[run.name] = run
