from __future__ import annotations

import gc
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from beacon.model.run import Check
from beacon.workloads.interface import Endpoint, WorkloadError
from beacon.workloads.script import ScriptWorkload, read_script

_ENDPOINT = Endpoint(container="abc", address="172.17.0.2", ports=(80, 443))

Script = Callable[[str], ScriptWorkload]


@pytest.fixture
def script(tmp_path: Path) -> Script:
    def write(text: str) -> ScriptWorkload:
        path = tmp_path / "drive"
        path.write_text(text if text.startswith("#!") else f"#!/bin/sh\n{text}\n")
        path.chmod(0o700)
        return read_script(str(path))

    return write


def _gone(pid: int) -> bool:
    for _ in range(100):
        try:
            if Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z":
                return True
        except (FileNotFoundError, ProcessLookupError):
            return True
        time.sleep(0.02)
    return False


def test_it_stays_what_it_was(tmp_path: Path) -> None:
    path = tmp_path / "a drive.sh"
    path.write_text("#!/bin/sh\nexit 3\n")
    path.chmod(0o700)
    workload = read_script(str(path))
    path.write_text("#!/bin/sh\nexit 4\n")
    assert workload.drive(_ENDPOINT, 10)[0].value == "3"
    assert workload.content == b"#!/bin/sh\nexit 3\n"
    assert workload.script.name == "./a_drive.sh"
    assert workload.script.file == "workload.a_drive.sh"
    assert workload.script.sha256 == sha256(workload.content).hexdigest()


def test_its_copy_goes_with_it(script: Script) -> None:
    workload = script("exit 0")
    folder = workload._path.parent
    assert folder.is_dir()
    del workload
    gc.collect()
    assert not folder.exists()


def test_a_name_of_any_length_and_kind() -> None:
    assert ScriptWorkload("ä" * 200, b"").name == "./" + "_" * 100
    assert ScriptWorkload("+/..", b"").name == "./__.."


def test_exit_code_zero_passes(script: Script) -> None:
    assert script("exit 0").drive(_ENDPOINT, 10) == (Check("exit code", passed=True, value="0"),)


def test_a_failure_tells_the_last_lines(script: Script) -> None:
    (check,) = script("echo one; printf 'bad \\033[2J\\n' >&2; exit 3").drive(_ENDPOINT, 10)
    assert (check.passed, check.value, check.detail) == (False, "3", "one | bad \\x1b[2J")


def test_the_environment_is_minimal_and_tells_the_endpoint(
    script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("A_SECRET", "x")
    workload = script(
        '[ "$BEACON_ADDRESS/$BEACON_PORT/$BEACON_PORTS/$BEACON_CONTAINER" = '
        '"172.17.0.2/80/80,443/abc" ] && [ -z "$A_SECRET" ] && [ -n "$PATH" ]'
    )
    assert workload.drive(_ENDPOINT, 10)[0].passed


def test_without_network_address_and_port_are_empty(script: Script) -> None:
    workload = script('[ -z "$BEACON_ADDRESS$BEACON_PORT$BEACON_PORTS" ]')
    assert workload.drive(Endpoint(container="abc", address=None, ports=()), 10)[0].passed


def test_reported_checks_are_added(script: Script) -> None:
    workload = script(
        'echo \'[{"name": "a", "passed": true, "value": "1"},'
        ' {"name": "b", "passed": false, "detail": "\\u001b"}]\' > "$BEACON_CHECKS"'
    )
    assert workload.drive(_ENDPOINT, 10)[1:] == (
        Check("a", passed=True, value="1"),
        Check("b", passed=False, detail="\\x1b"),
    )


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("", "cannot be read"),
        ("{", "cannot be read"),
        ('{"name": "a", "passed": true}', "cannot be read"),
        ('[{"name": "a"}]', "cannot be read"),
        ('[{"name": "a", "passed": 1}]', "cannot be read"),
        ('[{"name": "a", "passed": true, "x": 1}]', "cannot be read"),
        ("[" * 5000, "cannot be read"),
        ('[{"name": "", "passed": true}]', "without a name"),
        ('[{"name": "a", "passed": true}, {"name": "a", "passed": true}]', "two checks named 'a'"),
        ('[{"name": "exit code", "passed": true}]', "two checks named 'exit code'"),
    ],
)
def test_checks_that_cannot_be_read_are_an_error(
    script: Script, content: str, problem: str
) -> None:
    with pytest.raises(WorkloadError, match=problem) as caught:
        script(f"printf '%s' '{content}' > \"$BEACON_CHECKS\"").drive(_ENDPOINT, 10)
    assert str(caught.value).isprintable()


def test_bad_checks_of_a_failed_script_leave_its_exit_code(script: Script) -> None:
    (check,) = script('echo "[" > "$BEACON_CHECKS"; exit 2').drive(_ENDPOINT, 10)
    assert check.value == "2"


def test_too_much_and_a_pipe_instead_of_checks(script: Script) -> None:
    with pytest.raises(WorkloadError, match="more than 1024 KiB"):
        script('head -c 2000000 /dev/zero > "$BEACON_CHECKS"').drive(_ENDPOINT, 10)
    assert script('mkfifo "$BEACON_CHECKS"').drive(_ENDPOINT, 10)[0].passed


def test_a_time_out_kills_the_whole_group(script: Script, tmp_path: Path) -> None:
    workload = script(f"sleep 60 & echo $! > {tmp_path}/pid; echo working; wait")
    started = time.monotonic()
    (check,) = workload.drive(_ENDPOINT, 0.5)
    assert time.monotonic() - started < 5
    assert (check.passed, check.detail) == (False, "killed after 0.5 seconds: working")
    assert _gone(int((tmp_path / "pid").read_text()))


def test_what_a_script_leaves_behind_is_killed(script: Script, tmp_path: Path) -> None:
    started = time.monotonic()
    assert script(f"sleep 60 & echo $! > {tmp_path}/pid").drive(_ENDPOINT, 30)[0].passed
    assert time.monotonic() - started < 5
    assert _gone(int((tmp_path / "pid").read_text()))


@pytest.fixture
def _interruptible() -> Iterator[None]:
    """What a shell starts in the background ignores SIGINT."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("_interruptible")
def test_an_interrupt_kills_the_group(script: Script, tmp_path: Path) -> None:
    workload = script(f"echo $$ > {tmp_path}/part; mv {tmp_path}/part {tmp_path}/pid; sleep 60")
    interrupt = threading.Thread(target=_interrupt_once, args=(tmp_path / "pid",))
    interrupt.start()
    with pytest.raises(KeyboardInterrupt):
        workload.drive(_ENDPOINT, 30)
    interrupt.join()
    assert _gone(int((tmp_path / "pid").read_text()))


def _interrupt_once(there: Path) -> None:
    for _ in range(500):
        if there.exists():
            break
        time.sleep(0.01)
    time.sleep(0.3)  # Popen itself is not interrupted: commands drive in other threads
    os.kill(os.getpid(), signal.SIGINT)


def test_endless_output_costs_neither_memory_nor_time(script: Script) -> None:
    (check,) = script("exec yes beacon").drive(_ENDPOINT, 0.5)
    assert (check.detail or "").endswith("beacon | beacon")
    assert len(check.detail or "") < 2000


def test_a_program_that_cannot_start_is_an_error(script: Script) -> None:
    with pytest.raises(WorkloadError, match="does its first line name an interpreter"):
        script("#!/no/such/interpreter\n").drive(_ENDPOINT, 10)


def test_a_script_that_closes_its_output_is_still_awaited(script: Script) -> None:
    (check,) = script("exec >&- 2>&-; sleep 0.3; exit 4").drive(_ENDPOINT, 10)
    assert check.value == "4"
