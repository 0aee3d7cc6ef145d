"""The file that a job gets as its standard input: opened once, the same bytes in every run."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from errno import EINVAL
from pathlib import Path

import msgspec

from beacon.errors import UsageError
from beacon.model.launch import Launch
from beacon.model.text import escape_untrusted

_CHUNK = 1 << 20
#: The opening of a pipe would wait for its writer.
_FLAGS = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC


class StandardInput:
    """An opened regular file; a context manager. `sha256` is of its content, of whatever size.

    UsageError for a file that cannot be read or is not regular (every run reads it anew).
    """

    def __init__(self, path: Path) -> None:
        self._name = escape_untrusted(str(path))
        try:
            self._file = os.open(path, _FLAGS)
            try:
                self._found = os.fstat(self._file)
                if not stat.S_ISREG(self._found.st_mode):
                    raise OSError(EINVAL, "it is not a regular file")
                self.sha256 = _sha256(_pieces(self._file))
            except BaseException:
                os.close(self._file)
                raise
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "its name is none"
            raise UsageError(
                f"Cannot read {self._name} ({reason}): name another file with --stdin."
            ) from None
        self.path = path.resolve()

    def stream(self) -> Iterator[bytes]:
        """Its bytes, in pieces; UsageError, at once, if it is not any more what it was."""
        now = os.fstat(self._file)
        if (now.st_size, now.st_mtime_ns) != (self._found.st_size, self._found.st_mtime_ns):
            raise UsageError(
                f"{self._name} has changed since this command began: give a file that stays as it "
                "is with --stdin."
            )
        return _pieces(self._file)

    def __enter__(self) -> StandardInput:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._file)


@contextmanager
def standard_input(launch: Launch) -> Iterator[tuple[Launch, StandardInput | None]]:
    """The file that the launch names, if any, opened; the launch with its whole path and digest."""
    if launch.stdin is None:
        yield launch, None
        return
    with StandardInput(Path(launch.stdin)) as opened:
        path, sha256 = str(opened.path), opened.sha256
        yield (
            msgspec.structs.replace(launch, interactive=True, stdin=path, stdin_sha256=sha256),
            opened,
        )


def _sha256(pieces: Iterator[bytes]) -> str:
    found = hashlib.sha256()
    for piece in pieces:
        found.update(piece)
    return found.hexdigest()


def _pieces(file: int) -> Iterator[bytes]:
    offset = 0  # runs side by side each have a place of their own
    while chunk := os.pread(file, _CHUNK, offset):
        yield chunk
        offset += len(chunk)
