"""Reads an image's files from the archive that an engine makes of them, and believes none of it.

Nothing is written to a disk. What is no program, library, script or package's list is skipped; what
is too large, too much or too deep is counted. tarfile parses; limits keep its headers small.
"""

from __future__ import annotations

import hashlib
import posixpath
import tarfile
import time
from collections import Counter
from collections.abc import Callable
from typing import IO

from beacon.model.text import escape_untrusted
from beacon.reach.files import File, Kind, Listing
from beacon.reach.packages import Packages

_ELF = b"\x7fELF"
#: Bytes of an ELF file, of a script and of a header that are read.
LARGEST_ELF, LARGEST_SCRIPT, _LARGEST_HEADER = 192 << 20, 256 << 10, 1 << 20
#: Of one image: members, what is kept of them, bytes in all, seconds that the reading may take.
_MEMBERS, _FILES, _BYTES, _SECONDS = 2_000_000, 200_000, 64 << 30, 900.0
_LONGEST_PATH = 1024
_UNREAD = 1000
_ENVELOPES = frozenset(
    [tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK]
)

#: Is given each content once, with its digest.
Keep = Callable[[str, Kind, bytes], None]


class EndlessError(Exception):
    """The archive is larger than any image; the message says in what."""


class DamagedError(Exception):
    """The bytes are no archive, or not all of one."""


class _Member(tarfile.TarInfo):
    """A header; those that only carry a name or attributes are small."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> _Member:
        member = super().frombuf(buf, encoding, errors)
        if member.type in _ENVELOPES and member.size > _LARGEST_HEADER:
            raise EndlessError(f"it has a header of more than {_LARGEST_HEADER >> 10} KiB")
        return member


def read(stream: IO[bytes], keep: Keep) -> Listing:
    """Of a tar archive; EndlessError or DamagedError."""
    try:
        return _read(stream, keep)
    except (tarfile.TarError, ValueError, OverflowError, EOFError) as error:
        raise DamagedError(type(error).__name__) from error


def _read(stream: IO[bytes], keep: Keep) -> Listing:
    reading = _Reading(keep)
    with tarfile.open(fileobj=stream, mode="r|", tarinfo=_Member) as archive:
        while member := archive.next():
            reading.take(archive, member)
            archive.members.clear()  # type: ignore[attr-defined]  # else it keeps a million
    return reading.listing()


class _Reading:
    def __init__(self, keep: Keep) -> None:
        self._keep = keep
        self._files: dict[str, File] = {}
        self._links: dict[str, str] = {}
        self._unread: dict[str, str] = {}
        self._ignored: Counter[str] = Counter()
        self._packages = Packages()
        self._digests: set[str] = set()
        self._members = self._bytes = 0
        self._end = time.monotonic() + _SECONDS

    def take(self, archive: tarfile.TarFile, member: tarfile.TarInfo) -> None:
        self._count(member)
        if len(member.name) > _LONGEST_PATH or len(member.linkname) > _LONGEST_PATH:
            self._ignored["files with a path that is too long"] += 1
        elif member.issym() or member.islnk():
            self._link(member)
        elif member.isfile():
            self._file(archive, member)

    def listing(self) -> Listing:
        """What was taken."""
        kept = tuple(sorted(self._files.values(), key=lambda each: each.path))
        return Listing(
            files=kept,
            links=self._links,
            packages=self._packages.found(frozenset(self._files), self._links),
            unread=self._unread,
            ignored=dict(self._ignored),
        )

    def _count(self, member: tarfile.TarInfo) -> None:
        self._members += 1
        self._bytes += member.size
        if self._members > _MEMBERS:
            raise EndlessError(f"it holds more than {_MEMBERS:,} files")
        if self._bytes > _BYTES:
            raise EndlessError(f"its files have more than {_BYTES >> 30} GiB")
        if time.monotonic() > self._end:
            raise EndlessError(f"reading it takes longer than {_SECONDS:g} seconds")

    def _link(self, member: tarfile.TarInfo) -> None:
        target = escape_untrusted(member.linkname)
        if len(self._links) >= _FILES:
            self._ignored["links"] += 1
        else:
            # A hard link is named from the archive's root.
            self._links[_path(member)] = target if member.issym() else "/" + target.lstrip("/")

    def _file(self, archive: tarfile.TarFile, member: tarfile.TarInfo) -> None:
        path, data = _path(member), archive.extractfile(member)
        if not data:
            return
        if self._packages.wants(path):
            self._packages.take(path, data.read(self._packages.LARGEST))
            return
        first = data.read(len(_ELF))
        kind = _kind(first, path, member)
        if kind is None:
            return
        limit = LARGEST_ELF if kind is Kind.ELF else LARGEST_SCRIPT
        if member.size > limit:
            self._leave(path, kind, first, limit)
        elif len(self._files) >= _FILES:
            self._ignored["programs, libraries and scripts"] += 1
        else:
            self._take(path, kind, first + data.read(), executable=bool(member.mode & 0o111))

    def _take(self, path: str, kind: Kind, content: bytes, *, executable: bool) -> None:
        digest = hashlib.sha256(content).hexdigest()
        self._files[path] = File(path, kind, digest, executable)
        if digest not in self._digests:
            self._digests.add(digest)
            self._keep(digest, kind, content)

    def _leave(self, path: str, kind: Kind, first: bytes, limit: int) -> None:
        if kind is Kind.SCRIPT and not first.startswith(b"#!"):
            return  # data, which happens to be executable
        why = f"not read: larger than {limit >> 20} MiB" if limit >> 20 else "not read: too large"
        if len(self._unread) < _UNREAD:
            self._unread[path] = why
        else:
            self._ignored["files that are too large"] += 1


def _path(member: tarfile.TarInfo) -> str:
    return escape_untrusted(posixpath.normpath("/" + member.name.lstrip("/")))


def _kind(first: bytes, path: str, member: tarfile.TarInfo) -> Kind | None:
    """An ELF file; a script, or what scripts read in: no more than names say."""
    if first == _ELF:
        return Kind.ELF
    named = path.endswith((".sh", "env", "envvars", "-env", "defaults"))
    return Kind.SCRIPT if first[:2] == b"#!" or member.mode & 0o111 or named else None
