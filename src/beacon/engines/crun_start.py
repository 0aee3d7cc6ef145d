"""Ends a start in which crun would wait forever.

`crun start` opens a FIFO that the container's process reads from before it becomes the container's
program. Where that process has ended, as under a filter that lacks a call of crun's, crun 1.8 waits
for a reader that never comes, and Podman, which waits for crun, answers nobody any more.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Thread

from beacon.process_identity import identify

#: Where crun keeps what it knows of root's containers, each in a folder by its id.
_STATE = Path("/run/crun")
_PAUSE = 0.5  # seconds between two looks
#: So often in a row the process is gone: crun may be about to see that by itself.
_LOOKS = 3
#: Seconds for which the FIFO has a reader.
_READING = 0.2


@contextmanager
def not_waiting_forever(container: str, state: Path = _STATE) -> Iterator[None]:
    """Start the container with this id in here; with other runtimes nothing happens beside it."""
    started = Event()
    looking = Thread(target=_look, args=(state / container, started), daemon=True)
    looking.start()
    try:
        yield
    finally:
        started.set()
        looking.join()


def _look(state: Path, started: Event) -> None:
    looks = 0
    while not started.wait(_PAUSE):
        looks = looks + 1 if _is_gone(state) else 0
        if looks >= _LOOKS:
            _read(state / "exec.fifo")


def _is_gone(state: Path) -> bool:
    """Whether the container's first process has ended; not if there is none yet."""
    try:
        status = json.loads((state / "status").read_bytes())
        pid, start = int(status["pid"]), int(status["process-start-time"])
    except (OSError, ValueError, KeyError, TypeError):
        return False
    try:
        return identify(pid).start != start
    except OSError:
        return True


def _read(fifo: Path) -> None:
    with suppress(OSError):  # nobody waits any more
        reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
        time.sleep(_READING)
        os.close(reader)
