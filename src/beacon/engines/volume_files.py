"""Fills a volume as a kubelet does: files that change all at once, a group that may write.

https://github.com/kubernetes/kubernetes/blob/master/pkg/volume/util/atomic_writer.go
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

#: The links lead through this one, which a kubelet exchanges when the content changes.
_DATA = "..data"
_VERSION = "..2020_01_01_00_00_00.000000001"
_FOLDER = 0o755
#: What a group gets in a volume that is its own: pkg/volume/volume_linux.go.
_READ_WRITE, _READ, _ENTER = 0o660, 0o440, 0o2110


def write_tree(place: Path, files: Mapping[str, tuple[bytes, int]]) -> None:
    """Write files, by their relative paths with content and mode, into an empty folder."""
    version = place / _VERSION
    version.mkdir()
    version.chmod(_FOLDER)
    for path, (content, mode) in files.items():
        target = version / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        target.chmod(mode)
    (place / _DATA).symlink_to(_VERSION)
    for name in sorted({path.partition("/")[0] for path in files}):
        (place / name).symlink_to(f"{_DATA}/{name}")


def give_to_group(place: Path, group: int, *, read_only: bool = False) -> None:
    """Let a group write to a folder and all in it, or only read; what is made there is its own."""
    rights = _READ if read_only else _READ_WRITE
    for folder, _, names in os.walk(place):
        _give(Path(folder), group, rights | _ENTER)
        for name in names:
            path = Path(folder) / name
            if not path.is_symlink():
                _give(path, group, rights)


def _give(path: Path, group: int, mode: int) -> None:
    os.chown(path, -1, group)
    path.chmod(path.stat().st_mode | mode)


def account_files() -> dict[str, tuple[bytes, int]]:
    """Those of a service account: what programs look for that speak to a cluster."""
    files = {"token": b"beacon.invalid", "ca.crt": b"", "namespace": b"default"}
    return {name: (content, 0o644) for name, content in files.items()}
