from __future__ import annotations

import json
import os
import subprocess
import time
from pathlib import Path
from threading import Thread

import pytest

from beacon.engines import crun_start
from beacon.engines.crun_start import not_waiting_forever
from beacon.process_identity import identify


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What crun keeps of the container `c1`."""
    monkeypatch.setattr(crun_start, "_PAUSE", 0.02)
    (tmp_path / "c1").mkdir()
    os.mkfifo(tmp_path / "c1" / "exec.fifo")
    return tmp_path


def known(state: Path, pid: int, start: int) -> None:
    status = {"pid": pid, "process-start-time": start}
    (state / "c1" / "status").write_text(json.dumps(status))


def start(state: Path) -> Thread:
    """What `crun start` does: it waits for a reader, then writes."""

    def write() -> None:
        try:
            with (state / "c1" / "exec.fifo").open("wb", buffering=0) as fifo:
                fifo.write(b"\0")
        except BrokenPipeError:
            pass

    writer = Thread(target=write, daemon=True)
    writer.start()
    return writer


def test_a_process_that_has_ended_is_not_waited_for(state: Path) -> None:
    with subprocess.Popen(["sleep", "60"]) as process:
        known(state, process.pid, identify(process.pid).start)
        process.kill()
    with not_waiting_forever("c1", state):
        writer = start(state)
        writer.join(10)
        assert not writer.is_alive()


def test_nor_is_one_whose_number_another_has(state: Path) -> None:
    known(state, os.getpid(), identify().start - 1)
    with not_waiting_forever("c1", state):
        writer = start(state)
        writer.join(10)
        assert not writer.is_alive()


def test_a_living_one_is(state: Path) -> None:
    known(state, os.getpid(), identify().start)
    with not_waiting_forever("c1", state):
        writer = start(state)
        time.sleep(0.3)
        assert writer.is_alive()
        (state / "c1" / "exec.fifo").read_bytes()
        writer.join(10)


@pytest.mark.parametrize("content", [None, "{", "[]", "{}", '{"pid": "x"}'])
def test_where_crun_says_nothing_nothing_is_done(state: Path, content: str | None) -> None:
    if content is not None:
        (state / "c1" / "status").write_text(content)
    with not_waiting_forever("c1", state):
        time.sleep(0.2)
