"""Results by content: of files by their digest, of images by their id."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import msgspec

#: Part of every key; another analysis must not find these results.
_VERSION = "1"

Kept = TypeVar("Kept", bound=msgspec.Struct)


class Cache:
    """In a directory, or for this process alone."""

    def __init__(self, directory: Path | None = None) -> None:
        self._directory = directory
        self._held: dict[str, msgspec.Struct] = {}

    def get(self, key: str, kind: type[Kept], make: Callable[[], Kept]) -> Kept:
        """What `make` returned when this key was asked for first."""
        if isinstance(held := self._held.get(key), kind):
            return held
        file = self._file(key)
        found = _loaded(file, kind) if file else None
        if found is None:
            found = make()
            if file:
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(msgspec.json.encode(found))
        self._held[key] = found
        return found

    def _file(self, key: str) -> Path | None:
        name = re.sub(r"[^\w.-]", "-", f"{_VERSION}-{key}")
        return self._directory / f"{name}.json" if self._directory else None


def _loaded(file: Path, kind: type[Kept]) -> Kept | None:
    try:
        return msgspec.json.decode(file.read_bytes(), type=kind)
    except (FileNotFoundError, msgspec.MsgspecError):
        return None
