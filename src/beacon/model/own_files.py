"""Files in folders where others may have laid traps.

A folder is opened once and then used by its descriptor; in it nothing is followed or written
through: what is there already is replaced. All raise OSError, whose `strerror` says what is wrong.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from errno import EFBIG, EINVAL, EISDIR, EPERM, ESTALE
from pathlib import Path

_NEW_FOLDER = 0o755
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


def read_regular(path: Path, limit: int) -> bytes:
    """The content of a regular file of at most `limit` bytes; a pipe or a device is not read."""
    # Without O_NONBLOCK the opening of a pipe would wait for a writer.
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(handle, "rb") as file:
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode):
            raise OSError(EINVAL, "it is not a regular file")
        # It may grow meanwhile, or have no size, as in /proc.
        content = b"" if found.st_size > limit else file.read(limit + 1)
    if max(found.st_size, len(content)) > limit:
        raise OSError(EFBIG, f"it is larger than {limit >> 20} MiB")
    return content


def read_text(path: Path, limit: int) -> str:
    """The text of a file that the user named himself, which may be a pipe; of bounded size."""
    with path.open("rb") as file:
        content = file.read(limit + 1)
    if len(content) > limit:
        raise OSError(EFBIG, f"it is larger than {limit >> 20} MiB")
    return content.decode()


@contextmanager
def opened(folder: Path) -> Iterator[int]:
    """A descriptor of the folder, which is made when it is missing.

    OSError for one that somebody else can exchange: see `check_place`.
    """
    _make(folder)
    check_place(folder)
    place = Path(os.path.realpath(folder))
    handle = os.open(place, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        found, checked = os.fstat(handle), place.stat()
        if (found.st_dev, found.st_ino) != (checked.st_dev, checked.st_ino):
            raise OSError(ESTALE, "somebody exchanges it at this moment")
        yield handle
    finally:
        os.close(handle)


@contextmanager
def locked(folder: Path, *, make: bool) -> Iterator[None]:
    """Keep other commands from writing into the folder; BlockingIOError when one does.

    The kernel ends the lock with the process, however that ends. With `make` a missing folder is
    made, and removed if it stays empty; else there is nothing to lock.
    """
    made = not os.path.lexists(folder)
    if made and not make:
        yield
        return
    try:
        with opened(folder) as handle:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield
    finally:
        if made:
            with suppress(OSError):  # it is in use
                folder.rmdir()


def _make(folder: Path) -> None:
    folder = folder.absolute()
    missing = [each for each in (folder, *folder.parents) if not os.path.lexists(each)]
    check_place(missing[-1].parent if missing else folder)
    for each in reversed(missing):
        with suppress(FileExistsError):  # somebody else was faster: the checks follow
            each.mkdir(_NEW_FOLDER)


def check_place(folder: Path) -> None:
    """OSError if another user laid the folder here, or can exchange it or a folder above it.

    That is a folder where everybody writes, unless it has the sticky bit; and in one that has it
    (as /tmp does), a folder or link of somebody else. Root may do all that anyway.
    """
    lexical = folder.absolute()
    for place in (lexical, Path(os.path.realpath(folder))):
        for each in (*reversed(place.parents), place):
            _check_part(each)


def _check_part(path: Path) -> None:
    found, above = path.lstat(), path.parent.stat()
    shared = stat.S_ISDIR(found.st_mode) and found.st_mode & stat.S_IWOTH
    if shared and not found.st_mode & stat.S_ISVTX:
        raise OSError(EPERM, f"every user can write to {path}")
    if found.st_uid not in (0, os.geteuid()) and above.st_mode & stat.S_IWOTH:
        raise OSError(EPERM, f"{path} belongs to another user, in a folder for everybody")


def write_aside(folder: int, name: str, content: bytes, mode: int) -> str:
    """Write a new file beside `name`; its own name, to be renamed or removed."""
    aside = f".{name}.{secrets.token_hex(8)}"
    handle = _create(folder, aside, mode)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
    except BaseException:
        remove(folder, aside)
        raise
    return aside


def create(folder: int, name: str, mode: int) -> int:
    """A new, empty file in place of whatever has this name; open for writing."""
    remove(folder, name)
    return _create(folder, name, mode)


def _create(folder: int, name: str, mode: int) -> int:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    handle = os.open(name, flags, mode, dir_fd=folder)
    os.fchmod(handle, mode)  # whatever the umask says
    return handle


def remove(folder: int, name: str) -> None:
    """Remove a file; no error if there is none."""
    with suppress(FileNotFoundError):
        os.unlink(name, dir_fd=folder)


def open_own(folder: int, name: str, flags: int) -> int:
    """Open a file that is surely ours; OSError if it is a link or not: see `check_own`."""
    handle = os.open(name, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
    try:
        check_own(os.fstat(handle))
    except BaseException:
        os.close(handle)
        raise
    return handle


def check_own(found: os.stat_result) -> None:
    """OSError unless it is a regular file of this user, with one name, that only he writes."""
    if not stat.S_ISREG(found.st_mode):
        raise OSError(EINVAL, "it is not a regular file")
    if found.st_uid != os.geteuid():
        raise OSError(EPERM, "it belongs to another user")
    if found.st_nlink != 1:
        raise OSError(EPERM, "it has a second name")
    if found.st_mode & _OTHERS_WRITE:
        raise OSError(EPERM, "other users can write to it")


def check_replaceable(folder: int, name: str) -> None:
    """OSError if a folder is in the place of a file."""
    with suppress(FileNotFoundError):
        if stat.S_ISDIR(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode):
            raise OSError(EISDIR, f"{name} is a directory")
