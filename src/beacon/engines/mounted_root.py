"""Mounts the layers of an image or a container where nobody else sees it, to read its files."""

from __future__ import annotations

import ctypes
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_LIBC = ctypes.CDLL(None, use_errno=True)
#: linux/sched.h, linux/mount.h
_CLONE_NEWNS = 0x00020000
_MS_RDONLY, _MS_REC, _MS_PRIVATE = 1, 1 << 14, 1 << 18
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC


@dataclass(frozen=True)
class Layers:
    """Folders whose union is a root, the uppermost first."""

    folders: tuple[Path, ...]


@contextmanager
def mounted(layers: Layers, place: Path) -> Iterator[int]:
    """A descriptor of the union's top; `place` is an empty folder, and stays so for all others.

    OSError where they cannot be mounted.
    """
    handle = os.open(layers.folders[0], _FOLDER) if len(layers.folders) == 1 else _of(layers, place)
    try:
        yield handle
    finally:
        os.close(handle)


def _of(layers: Layers, place: Path) -> int:
    """In a thread with a mount namespace of its own, which ends with it.

    The descriptor keeps the mount; no name leads to it.
    """
    found: list[int | OSError] = []

    def work() -> None:
        try:
            found.append(_mount(layers, place))
        except OSError as error:
            found.append(error)

    thread = threading.Thread(target=work, name="mounting")
    thread.start()
    thread.join()
    if isinstance(result := found[0], OSError):
        raise result
    return result


def _mount(layers: Layers, place: Path) -> int:
    # It gives the thread a working folder of its own, too (unshare(2)).
    _checked(_LIBC.unshare(_CLONE_NEWNS), place)
    _checked(_LIBC.mount(None, b"/", None, _MS_REC | _MS_PRIVATE, None), place)
    # The kernel takes 4095 bytes of options, so the folders are named from where they all are.
    top = Path(os.path.commonpath(layers.folders))
    os.chdir(top)
    lower = ":".join(str(each.relative_to(top)) for each in layers.folders)
    options = f"lowerdir={lower}".encode()
    _checked(_LIBC.mount(b"overlay", os.fsencode(place), b"overlay", _MS_RDONLY, options), place)
    return os.open(place, _FOLDER)


def _checked(result: int, place: Path) -> None:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), str(place))
