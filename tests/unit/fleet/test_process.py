from __future__ import annotations

import subprocess
import sys
import threading
import time

import msgspec
import pytest

from beacon.fleet.image import FleetImage, Unit
from beacon.fleet.job import Done, Job
from beacon.fleet.process import StoppedError, WorkerDiedError, run_job
from beacon.fleet.result import Result, Status

JOB = msgspec.json.encode(Job(Unit(FleetImage(image="web", name="web")), 1))
RESULT = msgspec.json.encode(Done(Result(name="web", image="web", status=Status.VERIFIED))).decode()


def child(program: str) -> tuple[str, ...]:
    """A process in the place of a campaign's; the second word is this one's ID."""
    return (sys.executable, "-c", f"import os, sys, time\nsys.stdin.read()\n{program}")


def test_it_tells_and_ends_with_a_result() -> None:
    told: list[str] = []
    program = f"""print('{{"type":"Told","text":"verifying"}}')\nprint('''{RESULT}''')"""
    assert run_job(JOB, told.append, command=child(program)).decode() == RESULT
    assert told == ["verifying"]


LONG = """
import msgspec
from beacon.fleet.job import Done, Told
from beacon.fleet.result import Result, Status

result = Result(name="web", image="web", status=Status.VERIFIED)
for each in (Told("a"), Told("b"), Done(result, {"profile/profile.json": b"x" * 5_000_000})):
    print(msgspec.json.encode(each).decode())
"""


def test_a_long_line_comes_in_pieces() -> None:
    told: list[str] = []
    done = msgspec.json.decode(run_job(JOB, told.append, command=child(LONG)), type=Done)
    assert told == ["a", "b"]
    assert done.files == {"profile/profile.json": b"x" * 5_000_000}


@pytest.mark.parametrize(
    ("program", "said"),
    [
        ("os.kill(os.getpid(), 9)", "its process was ended by SIGKILL$"),
        ("sys.exit('out of\\x1b[31m memory')", r"its process ended with 1 \(out of\\x1b"),
        ("pass", "its process ended with 0$"),
        ("print('hello')", "a line that is not a message"),
        ('print(\'{"type":"Done"}\')', "a line that is not a message"),
    ],
)
def test_a_process_without_a_result_is_a_dead_worker(program: str, said: str) -> None:
    with pytest.raises(WorkerDiedError, match=said):
        run_job(JOB, command=child(program))


def test_what_does_not_end_has_failed() -> None:
    entry = FleetImage(image="web", name="web", timeout=0.1)
    done = run_job(msgspec.json.encode(Job(Unit(entry), 1)), command=child("time.sleep(600)"))
    result = msgspec.json.decode(done, type=Done).result
    assert result.status is Status.FAILED
    assert str(result.reason).startswith("it did not end within 0.1 s")


def test_nobody_wants_it_any_more() -> None:
    stopped = threading.Event()
    stopped.set()
    began = time.monotonic()
    with pytest.raises(StoppedError):
        run_job(JOB, stopped=stopped.is_set, command=child("time.sleep(600)"))
    assert time.monotonic() - began < 60


@pytest.mark.parametrize("where", ["interrupted", "in_a_call_from_c"])
def test_an_interrupt_that_python_drops_ends_a_campaign(where: str) -> None:
    """As one in a message of libbpf's: the campaign would go on, deaf to any further signal."""
    program = f"""
import ctypes, os, signal, sys, time
from beacon.fleet import child

def interrupted(*_):
    os.kill(os.getpid(), signal.SIGTERM)
    return 0

def in_a_call_from_c():
    ctypes.CFUNCTYPE(ctypes.c_int)(interrupted)()

def work(job, tell):
    try:
        {where}()
        time.sleep(300)
    finally:
        print("removed", file=sys.stderr)

child.work = work
sys.exit(child.main([str(os.getppid())]))
"""
    done = subprocess.run(
        [sys.executable, "-c", program], input=JOB, capture_output=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout) == (143, b"")
    assert done.stderr == b"removed\n"


def test_a_child_whose_parent_has_ended_does_nothing() -> None:
    command = [sys.executable, "-m", "beacon.fleet.child", "1"]  # as if it was this one's
    done = subprocess.run(command, input=JOB, capture_output=True, check=False)
    assert (done.returncode, done.stdout) == (143, b"")
