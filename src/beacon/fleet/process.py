"""Runs a job in a process of its own, so that nothing that happens to it happens to the others.

The same for a worker on this host and for one of a cluster, in whose threads no signal arrives.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from selectors import EVENT_READ, DefaultSelector
from tempfile import TemporaryFile
from typing import IO

import msgspec

from beacon.fleet.job import Done, Job, Message
from beacon.fleet.result import Result, Status
from beacon.model.text import escape_untrusted

#: The program; it gets this process's ID, and a job on its standard input.
CHILD = (sys.executable, "-m", "beacon.fleet.child")

_MESSAGES: msgspec.json.Decoder[Message] = msgspec.json.Decoder(Message)

_TICK = 1.0  # seconds between two looks at whether it is still wanted
_CLEANING = 120.0  # seconds that it may take to remove its containers
_TAIL = 4096  # bytes of its last words
_CHUNK, _LARGEST = 1 << 20, 1 << 30  # bytes that are read at once, and of a message


class WorkerDiedError(Exception):
    """The process ended without a result: somebody else may try."""


class StoppedError(Exception):
    """Nobody wants the result any more; what was running has been removed."""


def run_job(
    job: bytes,
    tell: Callable[[str], None] = lambda _: None,
    stopped: Callable[[], bool] = lambda: False,
    command: tuple[str, ...] = CHILD,
) -> bytes:
    """The JSON of the job's `Done`; a job that takes longer than its entry allows has failed.

    WorkerDiedError, StoppedError.
    """
    decoded = msgspec.json.decode(job, type=Job)
    deadline = time.monotonic() + decoded.unit.entry.timeout
    with TemporaryFile() as log:
        process = subprocess.Popen(
            [*command, str(os.getpid())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
        )
        try:
            for line in _lines(process, job, stopped, deadline):
                message = _message(line)
                if isinstance(message, Done):
                    _await(process)
                    return msgspec.json.encode(message)
                tell(message.text)
        except TimeoutError:
            return msgspec.json.encode(Done(_timed_out(decoded)))
        finally:
            _end(process)
        raise WorkerDiedError(f"{_how(process.returncode)}{_last_words(log)}")


def _lines(
    process: subprocess.Popen[bytes], job: bytes, stopped: Callable[[], bool], deadline: float
) -> Iterator[bytes]:
    assert process.stdin is not None  # noqa: S101 - both are pipes
    assert process.stdout is not None  # noqa: S101
    try:
        process.stdin.write(job)
        process.stdin.close()
    except BrokenPipeError:
        return
    os.set_blocking(process.stdout.fileno(), False)
    held: list[bytes] = []  # of a line that is not whole yet: a profile's has many megabytes
    with DefaultSelector() as selector:
        selector.register(process.stdout, EVENT_READ)
        while True:
            if stopped():
                raise StoppedError
            if time.monotonic() > deadline:
                raise TimeoutError
            if not selector.select(_TICK):
                continue
            read = process.stdout.read(_CHUNK)
            if not read or sum(map(len, held)) > _LARGEST:
                return
            *whole, rest = read.split(b"\n")
            if whole:
                yield b"".join((*held, whole[0]))
                yield from whole[1:]
                held.clear()
            held.append(rest)


def _message(line: bytes) -> Message:
    try:
        return _MESSAGES.decode(line)
    except ValueError as error:  # msgspec's errors are such
        raise WorkerDiedError(f"its process wrote a line that is not a message ({error})") from None


def _end(process: subprocess.Popen[bytes]) -> None:
    """Let it remove its containers, if it has not ended."""
    if process.poll() is None:
        process.terminate()
    _await(process)
    if process.stdout is not None:
        process.stdout.close()


def _await(process: subprocess.Popen[bytes]) -> None:
    """Wait for its end; kill it if that takes too long (`beacon clean` finds the rest)."""
    try:
        process.wait(_CLEANING)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _timed_out(job: Job) -> Result:
    entry = job.unit.entry
    return Result(
        name=entry.name,
        image=entry.image,
        status=Status.FAILED,
        reason=f"it did not end within {entry.timeout:g} s: give it more (`timeout`) or fewer runs",
        seconds=entry.timeout,
    )


def _how(code: int) -> str:
    if code >= 0:
        return f"its process ended with {code}"
    return f"its process was ended by {signal.Signals(-code).name}"


def _last_words(log: IO[bytes]) -> str:
    size = log.seek(0, os.SEEK_END)
    log.seek(max(0, size - _TAIL))
    lines = log.read().splitlines()
    return f" ({escape_untrusted(lines[-1][:200])})" if lines else ""
