"""A file of one line a finished piece of work, so that a killed command can go on.

Lines are written and flushed to the disk as a whole before the work counts as done. A line that a
kill cut off, or a disk damaged, does not match its checksum and ends the file before it. The
checksum proves nothing else: whoever writes a line can compute it, so its content is checked, too.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from errno import EFBIG
from pathlib import Path
from typing import IO

import msgspec

from beacon.errors import BeaconError, UsageError
from beacon.model.own_files import check_own, create, open_own, opened, remove
from beacon.model.text import escape_untrusted

_LARGEST = 256 << 20  # bytes, as profile.json


class _Line(msgspec.Struct, frozen=True):
    crc: int
    body: msgspec.Raw


class RecordFile:
    """DIR/NAME, whose first line is the `identity` of the work and whose others are records.

    With `resume` the records that are there are handed to `take`, whose ValueError says what is
    wrong with one; UsageError is raised if they are of another identity or damaged. BeaconError
    for a file that is a link, another user's, or one that others can write to. Without it what is
    there is replaced, by the first record that is added.
    """

    def __init__(
        self,
        directory: Path,
        name: str,
        identity: str,
        take: Callable[[bytes], None],
        *,
        resume: bool,
    ) -> None:
        self._path, self._identity, self._take = directory / name, identity, take
        self._file: IO[bytes] | None = None
        self._end = 0
        with self._using():
            if self._is_there() and resume:
                self._end = self._read()

    @property
    def begun(self) -> bool:
        """Whether there are records that count on the disk."""
        return self._file is not None or self._end > 0

    def add(self, records: Sequence[bytes]) -> None:
        """Keep these records, encoded as JSON; they survive whatever happens next."""
        with self._using():
            self._file = self._file or self._open()
            self._file.write(b"".join(map(_encode, records)))
            self._file.flush()
            os.fsync(self._file.fileno())

    def discard(self) -> bool:
        """Remove what was written, if anything was: it is the beginning of nothing."""
        if self._file is None:
            return False
        with self._using(), opened(self._path.parent) as folder:
            remove(folder, self._path.name)
        with suppress(OSError):  # others may have files there
            self._path.parent.rmdir()
        return True

    def close(self) -> None:
        """Write no more."""
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
        """Whether there is a file; OSError for one that is not surely ours."""
        try:
            check_own(self._path.lstat())
        except (FileNotFoundError, NotADirectoryError):
            return False
        return True

    def _read(self) -> int:
        """Take what is whole; the offset at which it ends."""
        with opened(self._path.parent) as folder:
            handle = open_own(folder, self._path.name, os.O_RDONLY)
        with os.fdopen(handle, "rb") as file:
            if os.fstat(handle).st_size > _LARGEST:
                raise OSError(EFBIG, f"it is larger than {_LARGEST >> 20} MiB")
            end = 0
            try:
                for number, (line, body) in enumerate(_whole_lines(file), start=1):
                    if number == 1:
                        self._check(body)
                    else:
                        self._take(body)
                    end += len(line)
            except (ValueError, RecursionError) as error:  # msgspec's errors are such
                reason = escape_untrusted(str(error)[:200])
                raise UsageError(
                    f"{self._path} is damaged ({reason}): leave --resume out to begin anew."
                ) from None
        return end

    def _check(self, header: bytes) -> None:
        if msgspec.json.decode(header) != self._identity:
            raise UsageError(
                f"{self._path} is of another campaign (another image, option, engine, seed or "
                "version): repeat the command as it was, or leave --resume out to begin anew."
            )

    def _open(self) -> IO[bytes]:
        """Behind what was taken, or a new file in place of what is there."""
        # Owner only, as profile.json: it holds a container's output.
        with opened(self._path.parent) as folder:
            if self._end == 0:
                file = os.fdopen(create(folder, self._path.name, 0o600), "wb")
                file.write(_encode(msgspec.json.encode(self._identity)))
                return file
            handle = open_own(folder, self._path.name, os.O_WRONLY | os.O_APPEND)
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
