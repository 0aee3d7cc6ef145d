"""The process of one campaign: reads a job from standard input, writes messages, one a line.

usage: python -m beacon.fleet.child PARENT

It ends with its parent, whose process ID that is, and removes what it had running.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from typing import IO

import msgspec

from beacon.campaign.interrupts import Interrupted, catch_signals
from beacon.fleet.campaign import work
from beacon.fleet.job import Job, Message, Told

_PR_SET_PDEATHSIG = 1


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
    except Interrupted as interrupt:
        return interrupt.exit_code
    return 0


def _send(messages: IO[bytes], message: Message) -> None:
    messages.write(msgspec.json.encode(message) + b"\n")
    messages.flush()


def _end_with(parent: int) -> None:
    catch_signals()
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:  # it ended before the call
        raise Interrupted(signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
