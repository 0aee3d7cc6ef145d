"""Reads what files inside a container carry, through the engine: nothing runs inside it."""

from __future__ import annotations

import io
import posixpath
import tarfile
from collections.abc import Iterator
from contextlib import closing
from typing import Any

from docker.errors import APIError

from beacon.engines.docker_guard import answering
from beacon.model.file_capabilities import carried

_LINKS = 8
#: The headers of one file; its content is not read.
_HEADERS = 64 << 10
#: The engine asks for xattrs of this name alone (moby, pkg/archive).
_ATTRIBUTE = "SCHILY.xattr.security.capability"


def file_capabilities(api: Any, container: str, path: str) -> int:
    """The capabilities of the file at `path`, links followed; 0 where there is no such file."""
    for _ in range(_LINKS):
        entry = _entry(api, container, path)
        if entry is None:
            return 0
        if not entry.issym():
            attribute = entry.pax_headers.get(_ATTRIBUTE, "")
            return carried(attribute.encode("utf-8", "surrogateescape"))
        path = posixpath.join(posixpath.dirname(path), entry.linkname)
    return 0


def _entry(api: Any, container: str, path: str) -> tarfile.TarInfo | None:
    with answering():
        try:
            stream, _ = api.get_archive(container, path, chunk_size=_HEADERS)
        except APIError:  # it is gone, or was never there
            return None
        with closing(stream):
            head = _head(stream)
    try:
        with tarfile.open(fileobj=io.BytesIO(head), mode="r:") as archive:
            return archive.next()
    except tarfile.TarError:
        return None


def _head(stream: Iterator[bytes]) -> bytes:
    head = b""
    for chunk in stream:
        head += chunk
        if len(head) >= _HEADERS:
            break
    return head
