"""Drives in a process of their own, and what a hostile server can do to that."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from threading import Event

import msgspec
import pytest

from beacon.model.run import Check
from beacon.workloads.confined import ConfinedWorkload
from beacon.workloads.discovery import drivers, find
from beacon.workloads.driver_process import Driver, Fork
from beacon.workloads.interface import Endpoint, WorkloadError
from beacon.workloads.limits import CRASHED, FLOODED, MEMORY
from beacon.workloads.messages import Done, Request, line
from beacon_catalogue.http.workload import WORKLOAD
from unit.workloads.servers import CONTAINER, Healthy, endpoint, listening, serving

_NETLESS = Endpoint(container=CONTAINER, address=None, ports=())
_REQUEST = Request(container=CONTAINER, address=None, ports=(), env={}, timeout=5)


def _silent(connection: socket.socket) -> None:
    while connection.recv(1 << 16):
        pass


def _endless_bulk(connection: socket.socket) -> None:
    connection.recv(1 << 16)
    connection.sendall(b"$100000000000\r\n")
    while True:
        connection.sendall(bytes(1 << 16))


@pytest.fixture(scope="module")
def redis() -> ConfinedWorkload:
    """A workload whose driver runs already, so that its start costs the tests no time."""
    workload = find("redis")
    assert isinstance(workload, ConfinedWorkload)
    workload.drive(_NETLESS, 5)
    return workload


def _parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[1])


def _children(parent: int) -> list[int]:
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if _parent(int(folder.name)) == parent:
                found.append(int(folder.name))
    return found


def _until(condition, seconds: float = 10.0) -> None:  # noqa: ANN001
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)


def _driver_of(workload: ConfinedWorkload) -> int:
    assert workload._driver is not None
    return workload._driver._process.pid


def test_checks_are_those_of_a_drive_in_this_process() -> None:
    with serving(Healthy) as port:
        apart = find("http").drive(endpoint(port), 30)
        here = WORKLOAD.drive(endpoint(port), 30)
    assert [(check.name, check.passed, check.value) for check in apart] == [
        (check.name, check.passed, check.value) for check in here
    ]
    assert sum(check.passed for check in apart) > 50


def test_without_a_network_every_check_is_there(redis: ConfinedWorkload) -> None:
    checks = redis.drive(_NETLESS, 5)
    assert len({check.name for check in checks}) == len(checks) == 53
    assert {check.detail for check in checks} == {"not tried: the container has no network address"}


def test_an_endless_answer_fills_the_limit_and_no_more(redis: ConfinedWorkload) -> None:
    most, ended = [0], Event()

    def look() -> None:
        while not ended.wait(0.02):
            for child in _children(_driver_of(redis)):
                with suppress(OSError, IndexError):
                    status = Path(f"/proc/{child}/status").read_text()
                    most.append(int(status.split("VmHWM:")[1].split()[0]) << 10)

    with listening(_endless_bulk) as port:
        watching = threading.Thread(target=look)
        watching.start()
        checks = redis.drive(endpoint(port), 20)
        ended.set()
        watching.join()
    assert MEMORY / 2 < max(most) < MEMORY + (32 << 20)
    assert not any(check.passed for check in checks)
    assert FLOODED in {check.detail for check in checks}


def test_it_ends_at_once_when_the_container_is_gone(redis: ConfinedWorkload) -> None:
    stop = Event()
    with listening(_silent) as port:
        threading.Timer(0.5, stop.set).start()
        began = time.monotonic()
        checks = redis.drive(
            Endpoint(container=CONTAINER, address="127.0.0.1", ports=(port,), stop=stop), 60
        )
    assert time.monotonic() - began < 3
    assert not any(check.passed for check in checks)
    assert _children(_driver_of(redis)) == []


def test_drives_at_the_same_time_do_not_mix(redis: ConfinedWorkload) -> None:
    results: dict[int, tuple[Check, ...]] = {}

    def one(number: int) -> None:
        results[number] = redis.drive(_NETLESS, 5)

    threads = [threading.Thread(target=one, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 8
    assert len(set(results.values())) == 1


def test_a_killed_fork_fails_what_is_missing(redis: ConfinedWorkload) -> None:
    def kill() -> None:
        _until(lambda: _children(_driver_of(redis)))
        for child in _children(_driver_of(redis)):
            os.kill(child, signal.SIGKILL)

    with listening(_silent) as port:
        killing = threading.Thread(target=kill)
        killing.start()
        checks = redis.drive(endpoint(port), 20)
        killing.join()
    assert {check.detail for check in checks} == {CRASHED}


def test_a_killed_driver_is_started_again() -> None:
    workload = ConfinedWorkload(drivers()["redis"])
    first = workload.drive(_NETLESS, 5)
    os.kill(_driver_of(workload), signal.SIGKILL)
    _until(lambda: workload._driver is not None and not workload._driver.alive())
    assert workload.drive(_NETLESS, 5) == first


def test_a_driver_that_cannot_load_is_one_sentence() -> None:
    with pytest.raises(WorkloadError, match=r"cannot be loaded \(KeyError: .*reinstall it"):
        Driver("no such workload")


def test_a_module_in_the_current_folder_is_not_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "redis.py").write_text(f"open({str(tmp_path / 'loaded')!r}, 'w')\n")
    monkeypatch.chdir(tmp_path)
    assert len(ConfinedWorkload(drivers()["redis"]).drive(_NETLESS, 5)) == 53
    assert not (tmp_path / "loaded").exists()


def test_an_interrupt_by_the_terminal_does_not_reach_the_driver(redis: ConfinedWorkload) -> None:
    assert os.getsid(_driver_of(redis)) != os.getsid(0)


_DRIVING = """
import signal
import sys
# A shell's background job ignores SIGINT, and so does what it starts.
signal.signal(signal.SIGINT, signal.default_int_handler)
from beacon.workloads.interface import Endpoint
from beacon.workloads.discovery import find
endpoint = Endpoint(container="", address="127.0.0.1", ports=(int(sys.argv[1]),))
find("redis").drive(endpoint, 60)
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_driver_and_fork_die_with_their_beacon(number: signal.Signals) -> None:
    with listening(_silent) as port:
        command = [sys.executable, "-c", _DRIVING, str(port)]
        with subprocess.Popen(command, stderr=subprocess.PIPE) as process:
            _until(lambda: _children(process.pid) and _children(_children(process.pid)[0]))
            (driver,) = _children(process.pid)
            processes = [driver, *_children(driver)]
            process.send_signal(number)
            said = process.communicate(timeout=10)[1]
    _until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in processes))
    assert b"workloads/driver.py" not in said


@contextmanager
def _answering(content: bytes) -> Iterator[Fork]:
    """A fork that was taken over and says this."""
    ours, theirs = socket.socketpair()
    with closing(ours), closing(theirs):
        threading.Thread(target=_say, args=(theirs, content), daemon=True).start()
        yield Fork(ours, frozenset({"a", "b"}))


def _say(theirs: socket.socket, content: bytes) -> None:
    with suppress(OSError):
        theirs.recv(1 << 16)
        theirs.sendall(content)
        theirs.shutdown(socket.SHUT_WR)


def _asked(content: bytes) -> tuple[str, dict[str, Check]]:
    with _answering(content) as fork:
        return fork.ask(_REQUEST, time.monotonic() + 5, Event()), fork.checks


def test_what_came_before_a_crash_is_kept() -> None:
    good = Check("a", passed=True, value="1")
    assert _asked(line(Done(check=good)) + b'{"check":') == (CRASHED, {"a": good})


@pytest.mark.parametrize(
    "content",
    [
        b"no JSON\n",
        b"\xff\xfe\n",
        b'{"check":{"name":"another","passed":true}}\n',
        b'{"check":{"name":"a","passed":1}}\n',
        b'{"check":{"name":"a"}}\n',
        b'{"unheard of":1}\n',
        b'{"end":"\\ud800"}\n',
        b"[" * 100_000 + b"\n",
        b"x" * (5 << 20),
    ],
)
def test_an_answer_that_is_none_ends_the_drive(content: bytes) -> None:
    assert _asked(content) == ("the client gave an answer that cannot be read", {})


def test_text_of_a_fork_is_made_harmless() -> None:
    bad = Check("a", passed=False, value="\x1b[2J", detail="\u202e")
    why, checks = _asked(line(Done(check=bad)) + line(Done(end="\x1b]0;title\a" * 1000)))
    assert (checks["a"].value, checks["a"].detail) == ("\\x1b[2J", "\\u202e")
    assert why.isprintable()
    assert len(why) <= 300


def test_silence_ends_with_the_time() -> None:
    ours, theirs = socket.socketpair()
    with closing(ours), closing(theirs):
        why = Fork(ours, frozenset()).ask(_REQUEST, time.monotonic() + 0.2, Event())
    assert why == "no result within 5 seconds"


def test_a_request_survives_its_way() -> None:
    request = Request(
        container=CONTAINER, address="::1", ports=(1, 2), env={"A": "\x1b \u00e4"}, timeout=1.5
    )
    assert msgspec.json.decode(line(request), type=Request) == request
