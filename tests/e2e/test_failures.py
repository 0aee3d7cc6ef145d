"""What users get when something is wrong: one sentence, the right exit code, nothing left."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from e2e.commands import BEACON, beacon, docker, leftovers, sentence

pytestmark = pytest.mark.alone

BASE = "debian:bookworm-slim"


def driven_by(script: Path, out: Path) -> subprocess.CompletedProcess[str]:
    words = ("--strategy", "baseline", "--workload", script, "-o", out)
    return beacon("profile", *words, BASE, "sleep", "60")


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("beacon/no-such-image",), 2, "No image"),
        (("../etc/passwd",), 2, "cannot name an image"),
        ((BASE, "sh", "-c", "exit 127"), 3, "never became ready"),
        ((BASE, "no-such-program"), 2, "change the options"),
        (("--network", "no-such-network", BASE, "sleep", "9"), 2, "change the options"),
        (("--cap-add", "NO_SUCH", BASE, "sleep", "9"), 2, "capabilities(7)"),
        (("--ready-timeout", "1", "--ready-log", "no such line", BASE, "sleep", "60"), 3, "never"),
        (("--workload", "no-such-workload", BASE), 2, "no-such-workload"),
        (("--security-opt", "label=x", BASE), 2, "not understood"),
        (("--env-file", "/no/such/file", BASE), 2, "/no/such/file"),
    ],
)
def test_profile(tmp_path: Path, arguments: tuple[str, ...], code: int, said: str) -> None:
    done = beacon("profile", "--strategy", "baseline", "-o", tmp_path / "out", *arguments)
    assert done.returncode == code, done.stderr
    assert said in sentence(done.stderr)
    assert done.stdout == ""
    assert not (tmp_path / "out").exists()


def test_the_last_words_of_a_container_that_exits(tmp_path: Path) -> None:
    done = beacon(
        "profile",
        "--strategy",
        "baseline",
        "-o",
        tmp_path,
        "--ready-log",
        "a line that never comes",
        BASE,
        "sh",
        "-c",
        r"printf 'oh \033[2J no\n'; exit 7",
    )
    assert done.returncode == 3
    assert "7" in sentence(done.stderr)
    assert r"oh \x1b[2J no" in done.stderr
    assert "\x1b" not in done.stderr


def test_a_workload_that_fails(tmp_path: Path) -> None:
    script = tmp_path / "workload"
    script.write_text("#!/bin/sh\necho it hurts >&2\nexit 5\n")
    script.chmod(0o755)
    done = driven_by(script, tmp_path / "out")
    assert done.returncode == 1, done.stderr
    assert "it hurts" in done.stderr
    assert "not complete" in sentence(done.stderr)
    refused = beacon("policy", tmp_path / "out", "-o", tmp_path / "policy")
    assert refused.returncode == 2
    assert "--incomplete" in sentence(refused.stderr)
    assert not (tmp_path / "policy").exists()


def interrupted(tmp_path: Path, number: int) -> subprocess.CompletedProcess[str]:
    command = [
        *BEACON,
        "profile",
        "--strategy",
        "baseline",
        "-o",
        str(tmp_path / "out"),
        "--workload",
        "none",
    ]
    process = subprocess.Popen(
        [*command, "--ready-after", "60", "--ready-timeout", "90", BASE, "sleep", "100"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 30
    while not docker("ps", "--quiet", "--filter", "label=beacon.session"):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(number)
    out, err = process.communicate(timeout=30)
    return subprocess.CompletedProcess(command, process.returncode, out, err)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupts_leave_nothing(tmp_path: Path, number: int) -> None:
    done = interrupted(tmp_path, number)
    assert done.returncode == 128 + number, done.stderr
    assert "Interrupted" in sentence(done.stderr)
    assert leftovers() == []
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("seconds", [1.0, 2.0, 2.5])
def test_interrupts_in_mid_run_end_it_soon(tmp_path: Path, seconds: float) -> None:
    command = [
        *BEACON,
        "profile",
        "--strategy",
        "baseline",
        "-o",
        str(tmp_path / "out"),
        "beacon/nginx",
    ]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    time.sleep(seconds)
    process.send_signal(signal.SIGINT)
    asked = time.monotonic()
    _, stderr = process.communicate(timeout=60)
    assert time.monotonic() - asked < 10
    assert process.returncode == 128 + signal.SIGINT
    assert "Interrupted" in sentence(stderr)
    assert leftovers() == []


def test_a_kill_is_cleaned_up_later(tmp_path: Path) -> None:
    done = interrupted(tmp_path, signal.SIGKILL)
    assert done.returncode == -signal.SIGKILL
    assert len(leftovers()) >= 2
    cleaned = beacon("clean", "--json")
    assert cleaned.returncode == 0, cleaned.stderr
    assert len(json.loads(cleaned.stdout)["removed"]) >= 2
    assert leftovers() == []
    assert beacon("clean").stdout == ""


def test_a_killed_script_workload_is_cleaned_up_later(tmp_path: Path) -> None:
    script, told = tmp_path / "workload", tmp_path / "pid"
    script.write_text(f"#!/bin/sh\nsleep 77 & echo $! > {told}\nwait\n")
    script.chmod(0o755)
    command = [
        *BEACON,
        "profile",
        "--strategy",
        "baseline",
        "-o",
        str(tmp_path / "out"),
        "--workload",
        str(script),
    ]
    process = subprocess.Popen(
        [*command, BASE, "sleep", "60"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    deadline = time.monotonic() + 30
    while not told.exists() or not told.read_text().strip():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.kill()
    process.wait()
    grandchild = Path("/proc") / told.read_text().strip()
    assert "77" in (grandchild / "cmdline").read_text()
    assert f"process {grandchild.name}" in beacon("clean").stdout
    for _ in range(100):  # whoever inherits it may leave it a zombie, without a command line
        if not grandchild.exists() or not (grandchild / "cmdline").read_bytes():
            break
        time.sleep(0.02)
    else:
        pytest.fail("the script's child lives on")
    assert leftovers() == []


@pytest.mark.parametrize("meddle", ["rm", "restart", "kill"])
def test_a_container_that_others_meddle_with(tmp_path: Path, meddle: str) -> None:
    script = tmp_path / "workload"
    options = {"rm": ["rm", "--force"], "restart": ["restart", "--time", "0"], "kill": ["kill"]}
    words = " ".join(options[meddle])
    script.write_text(f'#!/bin/sh\nPATH=$PATH:/usr/bin docker {words} "$BEACON_CONTAINER"\n')
    script.chmod(0o755)
    done = driven_by(script, tmp_path / "out")
    assert done.returncode == 1, done.stderr
    assert "not complete" in sentence(done.stderr)
    runs = json.loads((tmp_path / "out" / "profile.json").read_text())["runs"]
    assert [run["outcome"]["ending"] for run in runs] == ["served", "died"]
    assert leftovers() == []


def test_clean_leaves_living_commands_and_others_alone(tmp_path: Path) -> None:
    other = docker("run", "--detach", "--label", "beacon.test=other", BASE, "sleep", "60")
    command = [
        *BEACON,
        "profile",
        "--strategy",
        "baseline",
        "-o",
        str(tmp_path),
        "--workload",
        "none",
        BASE,
        "sleep",
        "60",
    ]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 30
        while not docker("ps", "--quiet", "--filter", "label=beacon.session"):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert beacon("clean").stdout == ""
        assert process.wait(timeout=60) == 0
        assert docker("inspect", "--format", "{{.State.Running}}", other) == "true"
    finally:
        process.kill()
        docker("rm", "--force", other)


def doctor_says(done: subprocess.CompletedProcess[str], name: str) -> str:
    assert done.returncode == 4, done.stderr + done.stdout
    (line,) = [x for x in done.stdout.splitlines() if x.startswith(f"MISSING {name}:")]
    return line


def test_doctor_on_this_host() -> None:
    done = beacon("doctor", "--json")
    assert done.returncode == 0, done.stdout
    findings = json.loads(done.stdout)["findings"]
    assert all(finding["ok"] for finding in findings if finding["needed"])
    assert {"name": "root", "ok": True, "detail": "Running as root.", "needed": True} in findings


def test_doctor_without_an_engine() -> None:
    # No other engine's program is found either.
    done = beacon("doctor", env={"DOCKER_HOST": "unix:///no/such/socket", "PATH": "/nowhere"})
    assert "start dockerd" in doctor_says(done, "engine docker")
    assert "install podman" in doctor_says(done, "engine podman")


def test_doctor_without_btf() -> None:
    script = 'mount -t tmpfs none /sys/kernel/btf && exec "$@"'
    command = ["unshare", "--mount", "sh", "-c", script, "sh", *BEACON, "doctor"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "CONFIG_DEBUG_INFO_BTF" in doctor_says(done, "BTF")


def test_doctor_without_root() -> None:
    # The modules are loaded first: another user may not be able to read this checkout.
    program = (
        "import os, sys; from beacon.cli.main import main; "
        "os.setgroups([]); os.setgid(65534); os.setuid(65534); sys.exit(main(['doctor']))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd="/"
    )
    assert "sudo" in doctor_says(done, "root")


def test_arguments_that_are_no_text(tmp_path: Path) -> None:
    words = [*BEACON, "profile", "--strategy", "baseline", "-o", str(tmp_path / "out")]
    command: list[str | bytes] = [*words, "-e", b"A=\xff", BASE]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "UTF-8" in sentence(done.stderr)


@pytest.mark.parametrize("redirection", [">/dev/full", ">&-", "2>&-", "| head -c 1"])
def test_output_that_nobody_takes(redirection: str) -> None:
    # The shell is here for its redirections; the command itself is fixed.
    script = f'set -o pipefail; "$@" {redirection}'
    command = ["bash", "-c", script, "bash", *BEACON, "doctor", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr
    assert "Exception" not in done.stderr
    assert done.returncode == (1 if "full" in redirection else done.returncode)
    assert done.returncode in (0, 1)


@pytest.mark.parametrize("output", ["file", "file/below", "dangling"])
def test_outputs_that_cannot_be_written(tmp_path: Path, output: str) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere" / "at all")
    done = beacon("profile", "--strategy", "baseline", "-o", tmp_path / output, BASE, "sleep", "60")
    assert done.returncode == 2
    assert "-o" in sentence(done.stderr)
    assert "running" not in done.stderr


@pytest.mark.parametrize("command", ["profile", "policy", "verify"])
def test_usage_errors(command: str) -> None:
    done = beacon(command)
    assert done.returncode == 2
    assert "usage:" in done.stderr


def test_verify_without_an_engine(tmp_path: Path) -> None:
    done = beacon("verify", tmp_path)
    assert done.returncode == 2
    assert "beacon policy" in sentence(done.stderr)
    assert list(tmp_path.iterdir()) == []
