"""An interrupt ends a command wherever it comes, even where Python drops an exception."""

from __future__ import annotations

import subprocess
import sys

import pytest

#: A command that is interrupted in `{where}`, and would then wait for long.
PROGRAM = """
import ctypes, os, signal, sys, time, weakref
from beacon.cli import main

def interrupted(*_):
    os.kill(os.getpid(), signal.SIGTERM)
    return 0

class Thing:
    pass

def in_a_call_from_c():
    ctypes.CFUNCTYPE(ctypes.c_int)(interrupted)()

def in_a_finalizer():
    thing = Thing()
    weakref.finalize(thing, interrupted)
    del thing

def run(options, console):
    try:
        {where}()
        time.sleep(300)
    finally:
        print("removed")

main.doctor.add = lambda commands: commands.add_parser("doctor").set_defaults(run=run)
sys.exit(main.main(["doctor"]))
"""


@pytest.mark.parametrize("where", ["interrupted", "in_a_call_from_c", "in_a_finalizer"])
def test_it_ends_the_command_and_what_runs_is_removed(where: str) -> None:
    program = PROGRAM.format(where=where)
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 143, done.stderr
    assert done.stdout == "removed\n"
    assert done.stderr == "error: Interrupted; everything that was running has been removed.\n"


def test_what_else_python_drops_is_shown() -> None:
    program = PROGRAM.format(where="interrupted").replace(
        "os.kill(os.getpid(), signal.SIGTERM)", "weakref.finalize(Thing(), lambda: 1 / 0)"
    )
    program = program.replace("time.sleep(300)", "return 0")
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0
    assert "ZeroDivisionError" in done.stderr
