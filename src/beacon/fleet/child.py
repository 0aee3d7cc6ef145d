"""The process of one campaign: reads a job from standard input, writes messages, one a line.

usage: python -m beacon.fleet.child PARENT

It ends with its parent, whose process ID that is, and removes what it had running.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from types import FrameType
from typing import IO

import msgspec

from beacon.fleet.campaign import work
from beacon.fleet.job import Job, Message, Told

_PR_SET_PDEATHSIG = 1


class _Interrupted(BaseException):
    """SIGINT, SIGTERM or SIGHUP, or the parent's end; no `except Exception` may swallow it."""


def main(arguments: list[str]) -> int:
    """Work; the exit code that a shell would show for a signal."""
    (parent,) = map(int, arguments)
    try:
        _end_with(parent)
        # Whatever else writes to standard output must not look like a message.
        messages = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
        job = msgspec.json.decode(sys.stdin.buffer.read(), type=Job)
        _send(messages, work(job, lambda text: _send(messages, Told(text))))
    except _Interrupted:
        return 128 + signal.SIGTERM
    return 0


def _send(messages: IO[bytes], message: Message) -> None:
    messages.write(msgspec.json.encode(message) + b"\n")
    messages.flush()


def _end_with(parent: int) -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:  # it ended before the call
        raise _Interrupted


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    # The clean-up that follows must not be cut short by an impatient second one.
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, signal.SIG_IGN)
    raise _Interrupted


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
