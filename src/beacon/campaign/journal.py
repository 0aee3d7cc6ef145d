"""A campaign's journal: one line a finished run, so that a killed campaign can go on.

A line is written and flushed to the disk as a whole before the run counts as done. A line that a
kill cut off, or a disk damaged, does not match its checksum and ends the journal before it. The
checksum proves nothing else: whoever writes a line can compute it, so its content is checked, too.
"""

from __future__ import annotations

import os
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from errno import EFBIG
from pathlib import Path
from typing import IO

import msgspec

from beacon.errors import BeaconError, UsageError
from beacon.model.environment import Environment
from beacon.model.own_files import check_own, create, open_own, opened, remove
from beacon.model.run import Run, run_name
from beacon.model.text import escape_untrusted

JOURNAL_FILE = "journal.jsonl"

_LARGEST = 256 << 20  # bytes, as profile.json


class _Line(msgspec.Struct, frozen=True):
    crc: int
    body: msgspec.Raw


class Journal:
    """The finished runs of the campaign that `identity` stands for, in DIR/journal.jsonl.

    A context manager. With `resume` the runs that are there are kept, and UsageError is raised
    if they are another campaign's or no runs at all. BeaconError for a file that is a link,
    another user's, or one that others can write to: its runs would become the profile. Nothing is
    written before a run became ready: a command that cannot start its image replaces no journal.
    """

    def __init__(self, directory: Path, identity: str, *, resume: bool) -> None:
        self._path, self._identity = directory / JOURNAL_FILE, identity
        self._lock = threading.Lock()
        self._done: dict[str, Run] = {}
        self._waiting: list[bytes] = []
        self._written = 0
        self._file: IO[bytes] | None = None
        self._end = 0
        with self._using():
            if self._is_there() and resume:
                self._end = self._read()

    def done(self, workload: str, environment: Environment, repeat: int = 0) -> Run | None:
        """The finished run of this workload in this environment, if there is one."""
        run = self._done.get(run_name(workload, environment, repeat))
        # Two environments can have one name, in a journal that BeaCon did not write.
        return run if run is not None and run.environment == environment else None

    def __len__(self) -> int:
        """How many finished runs are on the disk."""
        return len(self._done) + self._written

    def add(self, run: Run) -> None:
        """Keep a run; once one is ready, it survives whatever happens next."""
        with self._lock, self._using():
            self._waiting.append(_encode(msgspec.json.encode(run)))
            if self._file is None and not (self._end or run.outcome.ready):
                return
            self._file = self._file or self._open()
            self._file.write(b"".join(self._waiting))
            self._file.flush()
            os.fsync(self._file.fileno())
            self._written += len(self._waiting)
            self._waiting.clear()

    def discard(self) -> None:
        """Remove what was written: it is the beginning of nothing."""
        if self._file is not None:
            with self._using(), opened(self._path.parent) as folder:
                remove(folder, JOURNAL_FILE)
            with suppress(OSError):  # others may have files there
                self._path.parent.rmdir()
            self._written = 0
            self._done.clear()

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()

    @contextmanager
    def _using(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise BeaconError(
                f"Cannot use {self._path} ({error.strerror}): remove it, or choose another "
                "directory."
            ) from None

    def _is_there(self) -> bool:
        """Whether there is a journal; OSError for one that is not surely ours."""
        try:
            check_own(self._path.lstat())
        except (FileNotFoundError, NotADirectoryError):
            return False
        return True

    def _read(self) -> int:
        """Take what is whole; the offset at which it ends."""
        with opened(self._path.parent) as folder:
            handle = open_own(folder, JOURNAL_FILE, os.O_RDONLY)
        with os.fdopen(handle, "rb") as file:
            if os.fstat(handle).st_size > _LARGEST:
                raise OSError(EFBIG, f"it is larger than {_LARGEST >> 20} MiB")
            end = 0
            try:
                for number, (line, body) in enumerate(_whole_lines(file), start=1):
                    self._take(number, body)
                    end += len(line)
            except (ValueError, RecursionError) as error:  # msgspec's errors are such
                reason = escape_untrusted(str(error)[:200])
                raise UsageError(
                    f"{self._path} is damaged ({reason}): leave --resume out to begin anew."
                ) from None
        return end

    def _take(self, number: int, body: bytes) -> None:
        if number == 1:
            self._check(body)
            return
        run = msgspec.json.decode(body, type=Run)
        if run.name in self._done:
            raise ValueError(f"it has the run {run.name} twice")
        self._done[run.name] = run

    def _check(self, header: bytes) -> None:
        if msgspec.json.decode(header) != self._identity:
            raise UsageError(
                f"{self._path} is of another campaign (another image, option, seed or version): "
                "repeat the command as it was, or leave --resume out to begin anew."
            )

    def _open(self) -> IO[bytes]:
        """Behind what was taken, or a new file in place of what is there."""
        # Owner only, as profile.json: it holds a container's output.
        with opened(self._path.parent) as folder:
            if self._end == 0:
                file = os.fdopen(create(folder, JOURNAL_FILE, 0o600), "wb")
                file.write(_encode(msgspec.json.encode(self._identity)))
                return file
            handle = open_own(folder, JOURNAL_FILE, os.O_WRONLY | os.O_APPEND)
        os.truncate(handle, self._end)
        return os.fdopen(handle, "ab")


def _encode(body: bytes) -> bytes:
    return b'{"crc":%d,"body":%s}\n' % (zlib.crc32(body), body)


def _whole_lines(file: IO[bytes]) -> Iterator[tuple[bytes, bytes]]:
    """Each line with its body, up to the first that is damaged."""
    for line in file:
        try:
            decoded = msgspec.json.decode(line, type=_Line)
        except ValueError:  # msgspec's errors are such
            return
        body = bytes(decoded.body)
        if not line.endswith(b"\n") or zlib.crc32(body) != decoded.crc:
            return
        yield line, body
