"""The folder of one session with a CRI runtime: filters, logs, volumes, a runtime's own files.

A kubelet keeps the same below /var/lib/kubelet and /var/log/pods. A file in it says who made it, so
that `beacon clean` removes what a killed command leaves.
"""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from beacon.engines.interface import RefusedError
from beacon.model.leftovers import Kept, Swept
from beacon.model.text import escape_untrusted
from beacon.process_identity import PROC, Fate, fate, identify

PREFIX = "beacon-cri-"
_OWNER, _MADE = "owner", "made"
_LONGEST_LABEL = 256
_SECONDS = 20.0


def _place() -> Path:
    """Where it is: images may be large, and /tmp is often in memory."""
    return Path(os.environ.get("TMPDIR") or "/var/tmp")  # noqa: S108 - a name of our own in it


class Folder:
    """A new folder that only this user can enter.

    `entering` are the words that start a command in the mount namespace in which the runtime sees
    what is mounted, and `root` is where this process sees that; none where it is this host's.
    """

    def __init__(self) -> None:
        self.path = Path(tempfile.mkdtemp(prefix=PREFIX, dir=_place()))
        (self.path / _OWNER).write_text(str(identify()))
        self._numbers = itertools.count()
        self.entering: Sequence[str] = ()
        self.root = Path("/")
        self.empty = self.path / "empty"
        self.empty.mkdir()

    def new(self) -> Path:
        """A new folder in it, for a sandbox or a container."""
        path = self.path / "runs" / str(next(self._numbers))
        path.mkdir(parents=True)
        return path

    def make_for_all(self, folders: Iterable[Path]) -> None:
        """Make those of this host that are missing; the last session with a folder removes them.

        To remove one earlier would unmount what another session has mounted there.
        """
        missing = [each for each in folders if not each.exists()]
        _note_made(self.path, missing)
        for each in missing:
            each.mkdir(parents=True, exist_ok=True)

    def seen(self, path: Path) -> Path:
        """Where this process finds what the runtime has at an absolute path."""
        return self.root.joinpath(*path.parts[1:])

    def mount_memory(self, place: Path, options: str) -> None:
        """Mount a tmpfs at a folder, as a kubelet does for `medium: Memory`. RefusedError."""
        words = ["mount", "-t", "tmpfs", *(["-o", options] if options else []), "tmpfs", str(place)]
        self._run(words, f"a tmpfs with the options {escape_untrusted(options)!r}")

    def unmount(self, place: Path) -> None:
        """Unmount what `mount_memory` has mounted."""
        with suppress(RefusedError):  # it goes with the runtime's namespace
            self._run(["umount", "--lazy", str(place)], "")

    def _run(self, words: Sequence[str], what: str) -> None:
        try:
            done = subprocess.run(
                [*self.entering, *words], capture_output=True, timeout=_SECONDS, check=False
            )
        except (OSError, subprocess.TimeoutExpired):
            raise RefusedError(f"This host cannot {words[0]}: install util-linux.") from None
        if done.returncode:
            raise RefusedError(f"This host mounts no such thing: {what}.")

    def remove(self) -> None:
        """Remove it with all that is in it."""
        _remove(self.path)


def remove_left(*, everything: bool = False) -> Swept:
    """Remove the folders whose makers are dead; `everything`: all of them."""
    removed, kept = [], []
    for path, maker in _left():
        if not everything and maker is not Fate.DEAD:
            kept.append(Kept(f"folder {path}", maker))
            continue
        _remove(path)
        removed.append(f"folder {path}")
    return Swept(tuple(removed), tuple(kept))


def _left() -> Iterator[tuple[Path, Fate]]:
    for path in sorted(_place().glob(PREFIX + "*")):
        with suppress(OSError, UnicodeDecodeError):  # it is another user's, or goes just now
            found = path.lstat()
            if path.is_dir() and not path.is_symlink() and found.st_uid == os.geteuid():
                with (path / _OWNER).open() as file:
                    yield path, fate(file.read(_LONGEST_LABEL))


def _remove(path: Path) -> None:
    mounted = (line.split()[1] for line in (PROC / "self/mounts").read_text().splitlines())
    for place in sorted((each for each in mounted if each.startswith(f"{path}/")), reverse=True):
        subprocess.run(["umount", "--lazy", place], capture_output=True, check=False)
    made = _made(path)
    shutil.rmtree(path, ignore_errors=True)
    for other, maker in _left():
        if maker is not Fate.DEAD:
            _note_made(other, made)
            return
    for each in made:
        with suppress(OSError):  # somebody else uses it by now
            each.rmdir()


def _made(path: Path) -> list[Path]:
    with suppress(OSError):
        return [Path(line) for line in (path / _MADE).read_text().splitlines()]
    return []


def _note_made(path: Path, folders: Iterable[Path]) -> None:
    with suppress(FileNotFoundError), (path / _MADE).open("a") as file:  # it goes just now
        file.writelines(f"{each}\n" for each in folders)
