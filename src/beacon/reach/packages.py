"""Which package a file came from, by what dpkg and apk left in the image.

Formats: deb-control(5), Debian policy 5.6.1 (Source) and 3.8 (Essential); apk's installed database
(APKINDEX fields, wiki.alpinelinux.org/wiki/Apk_spec: P name, o origin, F folder, R file).
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping

from beacon.model.text import escape_untrusted
from beacon.reach.files import Files, Listing, Package

_DPKG = re.compile(r"/var/lib/dpkg/info/([^/:]+)(?::[^/]+)?\.list")
_STATUS = "/var/lib/dpkg/status"
_APK = ("/lib/apk/db/installed", "/usr/lib/apk/db/installed")
#: Alpine marks none; without these no image of its works.
_BASE = frozenset({"alpine-baselayout", "apk-tools", "busybox", "musl"})
#: Of one image; Debian's with a desktop have a tenth of these.
_PACKAGES, _PATHS = 20_000, 300_000


class Packages:
    """Takes the package managers' files as they come; damaged ones name fewer packages."""

    #: Bytes that are read of one file.
    LARGEST = 16 << 20

    def __init__(self) -> None:
        self._paths: dict[str, list[str]] = {}
        self._count = 0
        self._sources: dict[str, str] = {}
        self._essential: set[str] = set()

    def wants(self, path: str) -> bool:
        """Whether a file is one of theirs."""
        return path == _STATUS or path in _APK or bool(_DPKG.fullmatch(path))

    def take(self, path: str, content: bytes) -> None:
        """Read one."""
        lines = printable_lines(content)
        if path == _STATUS:
            self._status(lines)
        elif path in _APK:
            self._apk(lines)
        elif (matched := _DPKG.fullmatch(path)) and len(self._paths) < _PACKAGES:
            for line in lines:
                self._add(matched[1], line)

    def found(self, programs: frozenset[str], links: Mapping[str, str]) -> tuple[Package, ...]:
        """All that installed programs, libraries or scripts; these are named without links."""
        files = Files(Listing(links=dict(links)))
        return tuple(
            Package(name, self._sources.get(name, name), name in self._essential, kept)
            for name, paths in sorted(self._paths.items())
            if (kept := tuple(sorted(programs.intersection(map(files.real, paths)))))
        )

    def _status(self, lines: Iterator[str]) -> None:
        name = ""
        for line in lines:
            field, _, value = line.partition(": ")
            if field == "Package":
                name = value
            elif field == "Source":
                self._sources[name] = value.partition(" ")[0]
            elif (field, value) in (("Essential", "yes"), ("Priority", "required")):
                self._essential.add(name)

    def _apk(self, lines: Iterator[str]) -> None:
        name = folder = ""
        for line in lines:
            field, _, value = line.partition(":")
            if field == "P" and len(self._paths) < _PACKAGES:
                name = value
                if name in _BASE:
                    self._essential.add(name)
            elif field == "o":
                self._sources[name] = value
            elif field == "F":
                folder = value
            elif field == "R" and name:
                self._add(name, posixpath.join("/", folder, value))

    def _add(self, package: str, path: str) -> None:
        self._count += 1
        if self._count <= _PATHS:
            self._paths.setdefault(package, []).append(path)


def printable_lines(content: bytes) -> Iterator[str]:
    """The lines of a text, as names in an image are kept."""
    return (escape_untrusted(line) for line in content.split(b"\n"))
