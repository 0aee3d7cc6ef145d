"""A tour through what a program can do with files."""

from __future__ import annotations

import fcntl
import mmap
import os
import shutil
import tempfile
from pathlib import Path

from files import FOLDER
from web import Request


def _written(path: Path) -> os.stat_result:
    with path.open("w+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.write(b"hallo, world")
        file.flush()
        with mmap.mmap(file.fileno(), 0) as view:
            view[1:2] = b"e"
            view.flush()
        file.truncate(5)
        os.fsync(file.fileno())
    path.chmod(0o600)
    os.utime(path, (0, 0))
    return path.stat()


def tour(_: Request) -> dict[str, object]:
    """Do what programs do with files, in a folder of its own."""
    with tempfile.TemporaryDirectory(dir=FOLDER, prefix="tour-") as name:
        folder = Path(name)
        facts = _written(folder / "a")
        b = (folder / "a").rename(folder / "b")
        (folder / "c").hardlink_to(b)
        (folder / "d").symlink_to("b")
        shutil.copyfile(folder / "d", folder / "e")
        with (folder / "e").open("a") as file:
            file.write("!")
        return {
            "size": facts.st_size,
            "mode": f"{facts.st_mode & 0o777:o}",
            "mtime": int(facts.st_mtime),
            "links": b.stat().st_nlink,
            "target": str((folder / "d").readlink()),
            "copy": (folder / "e").read_text(),
            "names": sorted(entry.name for entry in os.scandir(folder)),
        }


ROUTES = {"/api/files": {"POST": tour}}
