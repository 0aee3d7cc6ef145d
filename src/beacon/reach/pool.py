"""BeaCon's end of the workers: hands them files, and believes no answer further than its file."""

from __future__ import annotations

import os
import queue
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType

import msgspec

from beacon.reach.facts import Facts, unread
from beacon.reach.limits import (
    CPU_SECONDS,
    FACTS_BYTES,
    FAILED,
    IMAGE_FACTS_BYTES,
    IMAGE_SECONDS,
    LARGE,
    LATE,
)

_MOST_WORKERS = 8
#: Of the seconds of processor time: on a busy host those of the clock are many more.
_PATIENCE = 5
_CHUNK = 1 << 20


class Worker:
    """A process that forks for each file; it, or the next one, is started when it is needed."""

    #: -P: a module in the current folder is not ours.
    command: tuple[str, ...] = (sys.executable, "-P", "-m", "beacon.reach.worker")

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._lock = threading.Lock()
        self._given_up = False

    def ask(self, content: bytes) -> bytes | None:
        """The encoded facts about a file; None if it gave none, or none in time."""
        try:
            answer, theirs = os.pipe()
            with os.fdopen(answer, "rb", 0), os.fdopen(theirs, "wb", 0) as end:
                self._send(content, theirs)
                end.close()
                text = _all(answer, time.monotonic() + _PATIENCE * CPU_SECONDS)
        except OSError:  # no descriptors, no processes, or the worker has gone
            return None
        if text is None:  # it lives on, against its limits
            self.close()
        return text

    def give_up(self) -> None:
        """End it with its forks, for good; from another thread."""
        with self._lock:
            self._given_up = True
            self._kill()

    def close(self) -> None:
        """End it with its forks."""
        with self._lock:
            self._kill()
            if self._control is not None and self._process is not None:
                self._control.close()
                self._process.wait()
            self._control = self._process = None

    def _kill(self) -> None:
        if self._process is not None and self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)

    def _send(self, content: bytes, answer: int) -> None:
        if self._process is not None and self._process.poll() is not None:
            self.close()
        with self._lock:
            if self._control is None and not self._given_up:
                self._start()
        if self._control is not None:
            with _held(content) as source:
                socket.send_fds(self._control, [b"!"], [source, answer])

    def _start(self) -> None:
        # Each message arrives whole.
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            numbers = [str(theirs.fileno()), str(os.getpid())]
            self._process = subprocess.Popen(
                [*self.command, *numbers],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=(theirs.fileno(),),
                start_new_session=True,
            )


class Pool:
    """Analyses files as they come, on all processors; `found` gets the facts of each by digest.

    A context manager: at its end all are done, or, after an error, given up.
    """

    def __init__(self, found: Callable[[str, Facts], object], workers: int | None = None) -> None:
        self._found = found
        self._count = min(workers or len(os.sched_getaffinity(0)), _MOST_WORKERS)
        # Room for one: contents wait in the archive, not in our memory.
        self._waiting: queue.Queue[tuple[str, bytes] | None] = queue.Queue(1)
        self._end = time.monotonic() + IMAGE_SECONDS
        self._lock = threading.Lock()
        self._size = 0
        self._given_up = False
        self._workers = [Worker() for _ in range(self._count)]
        self._threads = [
            threading.Thread(target=self._serve, args=(worker,), name="reach", daemon=True)
            for worker in self._workers
        ]

    def submit(self, digest: str, content: bytes) -> None:
        """Analyse a file as soon as somebody has time; waits for that."""
        self._waiting.put((digest, content))

    def __enter__(self) -> Pool:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is not None:
            self._given_up = True
            for worker in self._workers:
                worker.give_up()
        for _ in self._threads:
            self._waiting.put(None)
        for thread in self._threads:
            thread.join()

    def _serve(self, worker: Worker) -> None:
        try:
            while (item := self._waiting.get()) is not None:
                if not self._given_up:
                    digest, content = item
                    self._found(digest, self._facts(worker, content))
        finally:
            worker.close()

    def _facts(self, worker: Worker, content: bytes) -> Facts:
        if time.monotonic() >= self._end:
            return unread(LATE)
        if self._size > IMAGE_FACTS_BYTES:
            return unread(LARGE)
        text = worker.ask(content)
        with self._lock:
            self._size += len(text or b"")
        return decoded(text)


def decoded(text: bytes | None) -> Facts:
    """A worker's answer; what is none says that the file was not analysed."""
    try:
        return msgspec.json.decode(text or b"", type=Facts)
    except (ValueError, RecursionError):
        return unread(FAILED)


@contextmanager
def _held(content: bytes) -> Iterator[int]:
    """A descriptor of a file in memory, at its begin."""
    handle = os.memfd_create("content", os.MFD_CLOEXEC)
    with os.fdopen(handle, "wb", 0) as file:
        rest = memoryview(content)
        while rest:
            rest = rest[file.write(rest) :]
        os.lseek(handle, 0, os.SEEK_SET)
        yield handle


def _all(answer: int, end: float) -> bytes | None:
    """What is written until the other end is closed; None if it takes too long or is too much."""
    text = bytearray()
    waiting = select.poll()
    waiting.register(answer, select.POLLIN)
    while len(text) <= FACTS_BYTES:
        if not waiting.poll(max(0.0, end - time.monotonic()) * 1000):
            return None
        chunk = os.read(answer, _CHUNK)
        if not chunk:
            return bytes(text)
        text += chunk
    return None
