"""A campaign's journal: one line a finished run, so that a killed campaign can go on.

A line is written and flushed to the disk as a whole before the run counts as done. A line that a
kill cut off, or a disk damaged, does not match its checksum and ends the journal before it.
"""

from __future__ import annotations

import os
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

import msgspec

from beacon.errors import BeaconError, UsageError
from beacon.model.run import Run

JOURNAL_FILE = "journal.jsonl"


class _Line(msgspec.Struct, frozen=True):
    crc: int
    body: msgspec.Raw


class Journal:
    """The finished runs of the campaign that `identity` stands for, in DIR/journal.jsonl.

    A context manager. With `resume` the runs that are there are kept, and UsageError is raised
    if they are another campaign's. Nothing is written before the first run is added.
    """

    def __init__(self, directory: Path, identity: str, *, resume: bool) -> None:
        self._path, self._identity = directory / JOURNAL_FILE, identity
        self._lock = threading.Lock()
        self._done: dict[str, Run] = {}
        self._file: IO[bytes] | None = None
        self._end = 0
        if resume and self._path.exists():
            with self._writing():
                self._end = self._read()

    def done(self, name: str) -> Run | None:
        """The finished run of this name (`workload@environment`), if there is one."""
        return self._done.get(name)

    def __len__(self) -> int:
        return len(self._done)

    def add(self, run: Run) -> None:
        """Keep a run; it survives whatever happens next."""
        line = _encode(msgspec.json.encode(run))
        with self._lock, self._writing():
            if self._file is None:
                self._file = self._open()
            self._file.write(line)
            self._file.flush()
            os.fsync(self._file.fileno())

    def discard(self) -> None:
        """Remove what was written: it is the beginning of nothing."""
        if self._file is not None:
            self._path.unlink(missing_ok=True)
            with suppress(OSError):  # others may have files there
                self._path.parent.rmdir()

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise BeaconError(
                f"Cannot use {self._path} ({error.strerror}): choose another directory."
            ) from None

    def _read(self) -> int:
        """Take what is whole; the offset at which it ends."""
        end = 0
        for number, (line, body) in enumerate(_whole_lines(self._path)):
            if number == 0:
                self._check(body)
            else:
                run = msgspec.json.decode(body, type=Run)
                self._done[run.name] = run
            end += len(line)
        return end

    def _check(self, header: bytes) -> None:
        if msgspec.json.decode(header) != self._identity:
            raise UsageError(
                f"{self._path} is of another campaign (another image, option, seed or version): "
                "repeat the command as it was, or leave --resume out to begin anew."
            )

    def _open(self) -> IO[bytes]:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        # Owner only, as profile.json: it holds a container's output.
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        handle = os.open(self._path, flags, 0o600)
        os.truncate(handle, self._end)
        file = os.fdopen(handle, "ab")
        if self._end == 0:
            file.write(_encode(msgspec.json.encode(self._identity)))
        return file


def _encode(body: bytes) -> bytes:
    return b'{"crc":%d,"body":%s}\n' % (zlib.crc32(body), body)


def _whole_lines(path: Path) -> Iterator[tuple[bytes, bytes]]:
    """Each line with its body, up to the first that is damaged."""
    with path.open("rb") as file:
        for line in file:
            try:
                decoded = msgspec.json.decode(line, type=_Line)
            except (msgspec.DecodeError, UnicodeDecodeError):
                return
            body = bytes(decoded.body)
            if not line.endswith(b"\n") or zlib.crc32(body) != decoded.crc:
                return
            yield line, body
