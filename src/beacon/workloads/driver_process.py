"""BeaCon's end of a driver (`driver.py`): starts it, has it fork, and believes no answer."""

from __future__ import annotations

import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Event

import msgspec

from beacon.model.run import Check
from beacon.model.text import escape_for_terminal
from beacon.workloads.checks import shown
from beacon.workloads.interface import WorkloadError
from beacon.workloads.limits import CRASHED
from beacon.workloads.messages import Done, Ready, Request, line

#: Seconds for a driver to load its client, for a fork to begin, and for a killed one to be gone.
_LOADING = 60.0
_BEGINNING = 30.0
_DYING = 5.0
#: Seconds between two looks at whether the drive is to stop.
_LOOK = 0.1
_CHUNK = 1 << 16
#: Bytes of all answers of one drive; those of a healthy one are a hundredth of that.
_ANSWER_LIMIT = 4 << 20
#: malloc keeps little: no arena for each thread, and large blocks go back to the kernel at once.
_MALLOC = {"MALLOC_ARENA_MAX": "2", "MALLOC_MMAP_THRESHOLD_": "131072"}

_UNREADABLE = "the client gave an answer that cannot be read"
_SILENT = "the client gave no result"
_GONE = "not tried: the container is gone"


class Driver:
    """A process that forks for each drive; `names` are all checks of its workload, in order.

    WorkloadError if it cannot load the workload. When we die, however we do, it ends, too, and
    its forks with it.
    """

    def __init__(self, workload: str) -> None:
        # Each message arrives whole, also when several threads send.
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = _started(workload, theirs.fileno())
        try:
            self.names = _names(self._control, workload)
        except BaseException:
            self.close()
            raise

    def alive(self) -> bool:
        """Whether it can fork."""
        return self._process.poll() is None

    def close(self) -> None:
        """End it with all its forks."""
        self._control.close()
        self._process.kill()
        self._process.wait()

    @contextmanager
    def fork(self) -> Iterator[Fork]:
        """A fresh process; killed at the end, if it still lives."""
        ours, theirs = socket.socketpair()
        with ours:
            with theirs, suppress(OSError):  # the driver is gone: the fork's end is seen at once
                socket.send_fds(self._control, [b"!"], [theirs.fileno()])
            with Fork(ours, frozenset(self.names)) as fork:
                yield fork


class Fork:
    """One drive's process; `checks` is what it answered so far, by name.

    What it says may be the container's words, should that have taken it over.
    """

    def __init__(self, connection: socket.socket, names: frozenset[str]) -> None:
        self.checks: dict[str, Check] = {}
        self._connection, self._names = connection, names
        self._handle: int | None = None
        self._pending, self._total = bytearray(), 0

    def __enter__(self) -> Fork:
        self._connection.settimeout(_BEGINNING)
        with suppress(OSError):
            _, handles, _, _ = socket.recv_fds(self._connection, 1, 1)
            if handles:
                self._handle = handles[0]
        return self

    def __exit__(self, *_: object) -> None:
        # By a descriptor, not by its number, which may be another's by now.
        if self._handle is not None:
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._handle, signal.SIGKILL)
            _readable(self._handle, _DYING)
            os.close(self._handle)

    def ask(self, request: Request, end: float, stop: Event) -> str:
        """Have it drive until `end` or `stop`; why checks are missing, should some be."""
        try:
            self._connection.sendall(line(request))
            while not stop.is_set():
                if time.monotonic() >= end:
                    return f"no result within {request.timeout:g} seconds"
                if _readable(self._connection.fileno(), _LOOK):
                    why = self._take(self._connection.recv(_CHUNK))
                    if why is not None:
                        return why
        except OSError:
            return CRASHED
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            return _UNREADABLE
        return _GONE

    def _take(self, chunk: bytes) -> str | None:
        """Take a piece of the answer; why nothing more will come, None if more will."""
        self._pending += chunk
        self._total += len(chunk)
        if not chunk:
            return CRASHED
        if self._total > _ANSWER_LIMIT:
            return _UNREADABLE
        *lines, rest = self._pending.split(b"\n")
        self._pending = rest
        for each in lines:
            done = msgspec.json.decode(each, type=Done)
            if done.check is None:
                return shown(done.end or _SILENT)
            self._keep(done.check)
        return None

    def _keep(self, check: Check) -> None:
        if check.name not in self._names:
            raise msgspec.ValidationError("no check has this name")
        value = None if check.value is None else escape_for_terminal(check.value)
        detail = None if check.detail is None else escape_for_terminal(check.detail)
        self.checks[check.name] = Check(check.name, check.passed, value, detail)


def _started(workload: str, descriptor: int) -> subprocess.Popen[bytes]:
    # -P: a module in the current folder is not ours. A session of its own: an interrupt by the
    # terminal is for us alone. Nothing is printed: a client's last words are the container's.
    command = [sys.executable, "-P", "-m", "beacon.workloads.driver", workload, str(descriptor)]
    try:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=os.environ | _MALLOC,
            pass_fds=(descriptor,),
            start_new_session=True,
        )
    except OSError as error:
        raise WorkloadError(
            f"The client of the {workload} workload cannot be started: {error.strerror}."
        ) from error


def _names(control: socket.socket, workload: str) -> tuple[str, ...]:
    control.settimeout(_LOADING)
    try:
        ready = msgspec.json.decode(control.recv(_CHUNK), type=Ready)
    except (OSError, msgspec.DecodeError):
        ready = Ready(failure="it ended at once, or took too long")
    control.settimeout(None)
    if ready.failure is not None:
        raise WorkloadError(
            f"The client of the {workload} workload cannot be loaded ({ready.failure}): "
            f"reinstall it with pip install 'beacon-policy[{workload}]'."
        )
    return ready.names


def _readable(descriptor: int, seconds: float) -> bool:
    # poll, not select: a descriptor may be above 1023.
    waiting = select.poll()
    waiting.register(descriptor, select.POLLIN)
    return bool(waiting.poll(seconds * 1000))
