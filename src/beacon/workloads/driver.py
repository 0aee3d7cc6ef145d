"""The program that drives containers: forks a process with little memory for each.

BeaCon starts it as `python -m beacon.workloads.driver WORKLOAD FD` and holds the other end of the
socket FD. It loads the workload's client once, says what checks there are, and forks for each
socket that comes through FD; the fork reads a Request from that and answers with its checks.
"""

from __future__ import annotations

import ctypes
import gc
import os
import resource
import signal
import socket
import sys
import threading
import time
from contextlib import suppress
from typing import NoReturn

import msgspec

from beacon.model.run import Check
from beacon.workloads import traffic
from beacon.workloads.checks import heard_by, is_out_of_memory, shown
from beacon.workloads.discovery import unconfined
from beacon.workloads.interface import Endpoint, Workload
from beacon.workloads.limits import DRIVE_BYTES, ENDLESS, MEMORY, PROGRAM_MEMORY
from beacon.workloads.messages import Done, Ready, Request, line

#: Threads have a stack of 8 MiB by default, all of which would count as our memory.
_STACK = 512 << 10
_LOOK = 0.25
_PR_SET_PDEATHSIG = 1


def main(name: str, descriptor: int) -> None:
    """Serve until the other end is closed."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the forks
    with socket.socket(fileno=descriptor) as control:
        workload = _announced(name, control)
        # What is there now is never garbage; untouched it stays shared with all forks.
        gc.freeze()
        while True:
            data, descriptors, _, _ = socket.recv_fds(control, 1, 1)
            if not data:
                return
            with socket.socket(fileno=descriptors[0]) as client:
                _fork(workload, control, client)


def _announced(name: str, control: socket.socket) -> Workload:
    """Load the workload with its client, and say what checks it has."""
    try:
        workload = unconfined(name)
        # Without an address it tries nothing, yet names all.
        checks = workload.drive(Endpoint(container="", address=None, ports=()), 0)
    except Exception as error:
        control.send(line(Ready(failure=shown(f"{type(error).__name__}: {error}"))))
        sys.exit(1)
    control.send(line(Ready(names=tuple(check.name for check in checks))))
    return workload


def _fork(workload: Workload, control: socket.socket, client: socket.socket) -> None:
    """Drive in a fork; the client gets a descriptor by which it can kill it."""
    parent = os.getpid()
    with suppress(OSError):  # no process can be made, or it is gone: the client sees the end
        child = os.fork()
        if not child:
            control.close()
            _child(workload, client, parent)
        handle = os.pidfd_open(child)
        try:
            socket.send_fds(client, [b"!"], [handle])
        finally:
            os.close(handle)


def _child(workload: Workload, client: socket.socket, parent: int) -> NoReturn:
    try:
        _die_with(parent)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        # A client that takes in too much does not raise its limit; a program of its own may.
        resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, PROGRAM_MEMORY))
        threading.stack_size(_STACK)
        _drive(workload, client)
    finally:
        # At once: threads of clients may wait for a container that answers nothing.
        os._exit(0)


def _die_with(parent: int) -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died before we asked
        os._exit(0)


def _drive(workload: Workload, client: socket.socket) -> None:
    with client.makefile("rb") as incoming:
        request = msgspec.json.decode(incoming.readline(), type=Request)
    endpoint = Endpoint(
        container=request.container,
        address=request.address,
        ports=request.ports,
        env=request.env,
        udp_ports=request.udp_ports,
    )
    report = _Report(client)
    threading.Thread(target=_watch, args=(report,), daemon=True).start()
    try:
        with heard_by(report.add):
            checks = workload.drive(endpoint, request.timeout)
        for check in checks:
            report.add(check)
        report.end("")
    except Exception as error:  # outside of any check
        if not is_out_of_memory(error):  # else there is no room to say so: BeaCon sees that we end
            report.end(shown(f"the client broke off: {type(error).__name__}: {error}"))


def _watch(report: _Report) -> None:
    """End the process once its connections have received too much."""
    counted: dict[int, int] = {}
    while True:
        time.sleep(_LOOK)
        with suppress(MemoryError, OSError):
            counted |= traffic.received()
            if sum(counted.values()) > DRIVE_BYTES:
                report.end(ENDLESS)
                os._exit(0)


class _Report:
    """Sends checks as they are done; a check that comes again is sent again."""

    def __init__(self, client: socket.socket) -> None:
        self._client, self._lock = client, threading.Lock()

    def add(self, check: Check) -> None:
        self._send(Done(check=check))

    def end(self, why: str) -> None:
        self._send(Done(end=why))

    def _send(self, message: Done) -> None:
        with self._lock:
            self._client.sendall(line(message))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
