"""Runs a program in a process group of its own, bounded in time and in what it prints."""

from __future__ import annotations

import os
import select
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from signal import SIGKILL
from threading import Event
from typing import IO

from beacon.model.text import escape_untrusted
from beacon.workloads.interface import WorkloadError

_TAIL = 16 << 10
_CHUNK = 1 << 16
#: As much as the largest pipe holds.
_PIECES = 16


@dataclass(frozen=True)
class Result:
    """How a program ended; `tail` is the end of its output, as it came."""

    exit_code: int  # negative: the signal
    tail: bytes
    timed_out: bool


def _untold(_: bytes) -> None:
    """What a program prints goes into its tail alone."""


def run(
    argv: Sequence[str | Path],
    environment: Mapping[str, str],
    timeout: float,
    stop: Event,
    tell: Callable[[bytes], None] = _untold,
) -> Result:
    """Run a program for `timeout` seconds or until `stop`; nothing of its group is left afterwards.

    `tell` gets its output as it comes, in pieces.

    WorkloadError if it cannot be started. Its output is read as it comes and only the tail
    is kept, so that an endless printer fills neither memory nor a disk.
    """
    with _started(argv, environment) as process:
        assert process.stdout is not None  # noqa: S101 (for mypy: it was asked for)
        tail = _Tail(tell)
        try:
            end = time.monotonic() + timeout
            timed_out = not _follow(process, process.stdout, tail, end, stop)
        finally:  # also when the user interrupts: the group does not see that by itself
            _end(process)
        _drain(process.stdout, tail)
        return Result(process.returncode, tail.content(), timed_out)


class _Tail:
    """The end of a program's output, all of which is told."""

    def __init__(self, tell: Callable[[bytes], None]) -> None:
        self._kept, self._tell = bytearray(), tell

    def add(self, piece: bytes) -> None:
        self._tell(piece)
        self._kept += piece
        del self._kept[:-_TAIL]

    def content(self) -> bytes:
        return bytes(self._kept)


def _started(argv: Sequence[str | Path], environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=environment,
            start_new_session=True,
            bufsize=0,
        )
    except OSError as error:
        interpreter = "does its first line name an interpreter that is installed (#!/bin/sh)?"
        noexec = "is its folder mounted noexec? TMPDIR names another one for BeaCon's copy"
        raise WorkloadError(
            f"{escape_untrusted(str(argv[0]))} cannot be run ({error.strerror}): "
            f"{noexec if isinstance(error, PermissionError) else interpreter}"
        ) from error


def _follow(
    process: subprocess.Popen[bytes], output: IO[bytes], tail: _Tail, end: float, stop: Event
) -> bool:
    """Read until the program ends; whether it did before `end` and before `stop`."""
    os.set_blocking(output.fileno(), False)
    # A pidfd tells of the end without reaping: until then nobody else can have the group's id.
    ended = os.pidfd_open(process.pid)
    try:
        waiting = select.poll()
        waiting.register(ended, select.POLLIN)
        waiting.register(output, select.POLLIN)
        while (left := end - time.monotonic()) > 0 and not stop.is_set():
            ready = dict(waiting.poll(min(left, 0.2) * 1000))
            if ended in ready:
                return True
            if output.fileno() in ready and _read(output, tail) == b"":
                waiting.unregister(output)
        return False
    finally:
        os.close(ended)


def _read(output: IO[bytes], tail: _Tail) -> bytes | None:
    """Take one piece of output: empty at its end, None when there is nothing just now."""
    piece = output.read(_CHUNK)
    tail.add(piece or b"")
    return piece


def _end(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, SIGKILL)
    process.wait()


def _drain(output: IO[bytes], tail: _Tail) -> None:
    """Take what is still in the pipe; a process that left the group may go on writing for ever."""
    for _ in range(_PIECES):
        if not _read(output, tail):
            return
