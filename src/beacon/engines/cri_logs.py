"""The output of a container as a CRI runtime writes it to a file, line by line.

A line has a time, a stream, P (a part: its line goes on) or F, and the content.
https://github.com/kubernetes/design-proposals-archive/blob/main/node/kubelet-cri-logging.md
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from pathlib import Path

from beacon.engines.streams import ERROR, KEPT, OUTPUT

#: A container may write without end. What is longer is put away, as a kubelet does.
LARGEST = 16 << 20
#: What a job writes is hashed at its end, so all of it is kept up to here.
LARGEST_OF_JOB = 300 << 20
_LONGEST_LINE = 64 << 10  # a runtime breaks lines after 16 KiB
_STREAMS = {b"stdout": OUTPUT, b"stderr": ERROR}
_LOOK = 0.05  # seconds
_CHUNK = 1 << 20


def put_away(path: Path) -> Path:
    """Where the older half of the log is."""
    return path.with_name(f"{path.name}.1")


def contents(lines: Iterator[bytes]) -> Iterator[tuple[str, bytes]]:
    """The stream and the content of each line; what is no line of a log is left out."""
    for line in lines:
        fields = line.split(b" ", 3)
        if len(fields) == 4 and fields[1] in _STREAMS:
            text = fields[3].removesuffix(b"\n")
            yield _STREAMS[fields[1]], text if fields[2].startswith(b"P") else text + b"\n"


def digests(path: Path, *, terminal: bool) -> dict[str, str | None]:
    """The SHA-256 of each stream; None for all of them if some of it was put away."""
    hashes = {name: hashlib.sha256() for name in ((OUTPUT,) if terminal else (OUTPUT, ERROR))}
    whole = not put_away(path).exists()
    for name, content in contents(_lines(path)):
        if terminal:  # the runtime takes the carriage return for a part of the line's end
            hashes[OUTPUT].update(content.replace(b"\n", b"\r\n"))
        else:
            hashes[name].update(content)
    return {name: each.hexdigest() if whole else None for name, each in hashes.items()}


def tail(path: Path, size: int = KEPT) -> bytes:
    """The last `size` bytes of both streams, in the order in which they came."""
    kept = bytearray()
    for each in (put_away(path), path):
        for _, content in contents(_lines(each)):
            kept += content
            del kept[:-size]
    return bytes(kept)


def follow(path: Path, seconds: float, alive: Callable[[], bool]) -> Generator[bytes, None, None]:
    """All of it from its beginning, until the container is not `alive` or `seconds` are over."""
    end, place, rest = time.monotonic() + seconds, 0, b""
    while time.monotonic() < end:
        going = alive()
        if _size(path) < place:  # it was put away, and begins anew
            place = 0
        chunk = _read(path, place)
        place += len(chunk)
        *lines, rest = (rest + chunk).split(b"\n")
        for _, content in contents(line + b"\n" for line in lines):
            yield content
        if not chunk:
            if not going:
                return
            time.sleep(_LOOK)


def _read(path: Path, place: int) -> bytes:
    with suppress(FileNotFoundError), path.open("rb") as file:
        file.seek(place)
        return file.read(_CHUNK)
    return b""


def _size(path: Path) -> int:
    with suppress(FileNotFoundError):
        return path.stat().st_size
    return 0


def _lines(path: Path) -> Iterator[bytes]:
    with suppress(FileNotFoundError), path.open("rb") as file:
        while line := file.readline(_LONGEST_LINE):
            yield line
