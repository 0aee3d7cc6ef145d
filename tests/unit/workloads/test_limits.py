"""What an attempt may receive, and that one which is given up reads no further."""

from __future__ import annotations

import errno
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg
import pytest

from beacon.workloads import checks, traffic
from beacon.workloads.checks import Deadline, run_all
from beacon.workloads.limits import FLOODED

#: Serves one connection, in a process of its own: its sockets are none of ours. It floods or is
#: silent, and says when the client has ended it.
_SERVER = """
import socket, sys
with socket.create_server(("127.0.0.1", 0)) as listener:
    print(listener.getsockname()[1], flush=True)
    connection, _ = listener.accept()
    try:
        while sys.argv[1] == "flood":
            connection.sendall(bytes(1 << 16))
        while connection.recv(1 << 16):
            pass
    except OSError:
        pass
    print("ended", flush=True)
"""


@contextmanager
def _server(manner: str) -> Iterator[tuple[int, Callable[[], str]]]:
    """Its port, and what it says next."""
    command = [sys.executable, "-c", _SERVER, manner]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield int(process.stdout.readline()), process.stdout.readline
        process.kill()


def _read(port: int) -> str:
    with socket.create_connection(("127.0.0.1", port)) as connection:
        while connection.recv(1 << 20):
            pass
    return "it ended"


def _ask_by_libpq(port: int) -> str:
    psycopg.connect(host="127.0.0.1", port=port, user="a", connect_timeout=60).close()
    return "connected"


@pytest.mark.parametrize("client", [_read, _ask_by_libpq])
def test_an_abandoned_attempt_reads_no_further(client: Callable[[int], str]) -> None:
    before = set(threading.enumerate())
    with _server("silent") as (port, says):
        (check,) = run_all({"hang": lambda: client(port)}, Deadline(5), limit=0.5)
        given_up = time.monotonic()
        assert says() == "ended\n"
        assert time.monotonic() - given_up < 1
    assert (check.passed, check.detail) == (False, "no result within 0.5 seconds")
    assert set(threading.enumerate()) <= before


def test_an_attempt_may_receive_so_much(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "ATTEMPT_BYTES", 64 << 20)
    before = set(threading.enumerate())
    with _server("flood") as (port, says):
        began = time.monotonic()
        flood, following = run_all(
            {"flood": lambda: _read(port), "next": lambda: "fine"}, Deadline(20)
        )
        assert time.monotonic() - began < 5
        assert says() == "ended\n"
    assert (flood.passed, flood.detail) == (False, FLOODED)
    assert following.passed
    assert set(threading.enumerate()) <= before


def test_connections_of_others_are_left_alone() -> None:
    ours, theirs = socket.socketpair()
    release = threading.Event()
    with (
        _server("silent") as (port, _),
        ours,
        theirs,
        socket.create_connection(("127.0.0.1", port)) as kept,
    ):
        (check,) = run_all({"hang": lambda: str(release.wait(5))}, Deadline(5), limit=0.2)
        release.set()
        kept.sendall(b"still open")
        ours.sendall(b"as is this")
        assert theirs.recv(10) == b"as is this"
    assert not check.passed


def test_what_comes_in_is_counted_by_connection() -> None:
    before = traffic.opened()
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        socket.create_connection(listener.getsockname()) as client,
        listener.accept()[0] as server,
    ):
        server.sendall(b"x" * 1000)
        assert len(client.recv(1000, socket.MSG_WAITALL)) == 1000
        assert sorted(traffic.received(but=before).values()) == [0, 0, 1000]
        assert traffic.opened() - before == traffic.received(but=before).keys()
    assert traffic.opened() == before


@pytest.mark.parametrize("error", [MemoryError(), OSError(errno.ENOMEM, "no memory")])
def test_memory_that_is_used_up_fails_the_attempt_alone(error: Exception) -> None:
    def fill() -> str:
        raise error

    filled, following = run_all({"fill": fill, "next": lambda: "fine"}, Deadline(5))
    assert (filled.passed, filled.detail) == (False, FLOODED)
    assert following.passed


def test_after_three_floods_in_a_row_nothing_more_is_tried() -> None:
    tried = []

    def fill() -> str:
        tried.append(1)
        raise MemoryError

    found = run_all({str(number): fill for number in range(5)}, Deadline(5))
    assert [check.detail for check in found[:3]] == [FLOODED] * 3
    assert [check.detail for check in found[3:]] == [
        "not tried: the container answers nothing any more"
    ] * 2
    assert len(tried) == 3


def test_a_thread_that_cannot_be_started_is_a_failed_check(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def start(self: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(checks.Thread, "start", start)
    (check,) = run_all({"a": lambda: "fine"}, Deadline(5))
    assert (check.passed, check.detail) == (False, FLOODED)


def test_checks_are_heard_of_as_they_are_done() -> None:
    heard: list[str] = []

    def second() -> None:
        assert heard == ["first"]

    with checks.heard_by(lambda check: heard.append(check.name)):
        done = run_all({"first": lambda: None, "second": second}, Deadline(5))
    assert heard == ["first", "second"]
    assert all(check.passed for check in done)
