"""Containers of `docker run` alone are watched: floods of denials, restarts, a policy's own."""

from __future__ import annotations

import io
import json
import shlex
import signal
import subprocess
import tarfile
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import pytest

from e2e.commands import BEACON, beacon, docker, sentence
from e2e.memory import _sizes
from kernel.harness import own

_SOURCE = Path(__file__).parent / "denied" / "denied.c"
_IMAGE = "beacon-denied:test"
#: Calls of the flood: twelve thousand for each of four seconds, which with the pauses take longer.
_FLOOD = 48_000
_BETWEEN = {
    *("acct", "add_key", "delete_module", "init_module", "kexec_load", "lookup_dcookie"),
    *("open_by_handle_at", "pivot_root", "quotactl", "reboot", "request_key", "swapoff"),
    *("swapon", "umount2", "userfaultfd"),
}
#: Seconds within which a denial is named; and for the latest of many, with other tests beside.
_SOON, _LATE = 1.0, 3.0
_GROWTH = 4 << 10  # KiB


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    program = tmp_path_factory.mktemp("denied") / "denied"
    options = ("-O2", "-Wall", "-Wextra", "-Werror", "-static")
    subprocess.run(["gcc", *options, "-o", program, _SOURCE], check=True)
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        tar.add(program, "denied")
    command = ["docker", "import", "--change", 'ENTRYPOINT ["/denied"]', "-", _IMAGE]
    subprocess.run(command, input=archive.getvalue(), capture_output=True, check=True)
    yield _IMAGE
    docker("rmi", "--force", _IMAGE, check=False)


def running(name: str, *words: str) -> AbstractContextManager[str]:
    """A container that BeaCon did not start."""
    return container(name, "run", "--detach", *words)


@contextmanager
def container(name: str, command: str, *words: str) -> Iterator[str]:
    name = own(name)
    docker(command, "--name", name, *words)
    try:
        yield name
    finally:
        docker("rm", "--force", name, check=False)


@dataclass
class Watching:
    """A command that watches, and when it said what."""

    process: subprocess.Popen[str]
    denials: dict[str, dict[str, Any]] = field(default_factory=dict)
    named: dict[str, float] = field(default_factory=dict)
    summary: dict[str, Any] = field(default_factory=dict)

    def read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            document = json.loads(line)
            if document["schema"] == "beacon.denial/1":
                self.named[event(document)] = time.time()
                self.denials[event(document)] = document
            else:
                self.summary = document

    def until(self, *events: str) -> None:
        end = time.monotonic() + 20
        while not self.named.keys() >= {*events}:
            assert time.monotonic() < end, self.named
            time.sleep(0.02)

    def memory(self) -> int:
        return _sizes(self.process.pid)[0]


def event(document: dict[str, Any]) -> str:
    return str(document["event"]["name"])


@contextmanager
def watching(*words: str | Path, code: int) -> Iterator[Watching]:
    """Watch, from the moment at which the kernel counts; `code` is what it exits with."""
    with subprocess.Popen(
        [*BEACON, "watch", "--json", *map(str, words)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        try:
            assert "Watching " in process.stderr.readline()
            found = Watching(process)
            reader = threading.Thread(target=found.read)
            reader.start()
            yield found
            said = process.stderr.read()
            assert process.wait(20) == code, said
            reader.join()
        finally:
            process.kill()


def test_a_flood_hides_nothing_and_a_restart_is_survived(
    image: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with running("flood", image) as name:
        until_said(name, "swapoff")
        with watching("--record", "-o", tmp_path / "seen", name, code=10) as watch:
            docker("kill", "--signal", "USR1", name)
            watch.until("keyctl")
            before = watch.memory()
            watch.until(*_BETWEEN, "CAP_SYS_NICE")
            until_said(name, "keyctl")
            memory = watch.memory()
            said = spoken(name)
            docker("restart", "--time", "1", name)
            until_said(name, "swapoff", count=3)
            docker("stop", "--time", "1", name)  # which ends the watch
    delays = {call: watch.named[call] - said[call] for call in _BETWEEN - {"swapoff"}}
    with capsys.disabled():
        print(
            f"\nnamed after {median(delays.values()):.2f} s, {max(delays.values()):.2f} s", end=""
        )
        print(f" at most; {memory} KiB, {memory - before} more than before", end=" ")
    assert watch.named.keys() == {"keyctl", *_BETWEEN, "CAP_SYS_NICE"}
    assert median(delays.values()) < _SOON
    assert max(delays.values()) < _LATE
    assert 0 < before <= memory < before + _GROWTH
    counts = {event(each): each["count"] for each in watch.summary["denials"]}
    assert counts == {
        **dict.fromkeys(_BETWEEN, 1),
        **{"keyctl": _FLOOD, "CAP_SYS_NICE": 1, "swapoff": 2},
    }
    assert watch.summary["restarts"] == 1
    assert watch.summary["losses"] == []
    assert {each["standing"] for each in watch.summary["denials"]} == {"no policy"}
    assert all(each["processes"] == ["denied"] for each in watch.summary["denials"])
    rule = '{"names": ["acct"], "action": "SCMP_ACT_ALLOW"}'
    assert watch.denials["acct"]["change"] == f'add {rule} to "syscalls" of its seccomp profile'
    assert watch.denials["CAP_SYS_NICE"]["change"] == "docker run --cap-add SYS_NICE"


def test_a_policy_says_what_was_asked_for_and_what_would_be_denied(
    image: str, tmp_path: Path
) -> None:
    seen, policy = tmp_path / "seen", tmp_path / "policy"
    with (
        container("plain", "create", image, "none") as name,
        watching("--record", "-o", seen, name, code=0) as watch,  # waits for its start
    ):
        docker("start", name)
        time.sleep(2)
        watch.process.send_signal(signal.SIGINT)
    assert watch.summary["restarts"] == 0
    made = beacon("policy", seen, "-o", policy, "--audit", "--deny", "swapon")
    assert made.returncode == 0, made.stderr
    assert str(policy / "seccomp.audit.json") in made.stderr
    audit = f"seccomp={policy / 'seccomp.audit.json'}"
    words = ("--policy", policy, "--for", "4")
    with (
        running("audit", "--security-opt", audit, image, "none") as name,
        watching(*words, name, code=10) as watch,
    ):
        docker("exec", "--detach", name, "/denied", "getitimer", "swapon")
    assert {event(each): (each["kind"], each["standing"]) for each in watch.summary["denials"]} == {
        "getitimer": ("would be denied", "beyond"),
        "swapon": ("would be denied", "intended"),
        "CAP_SYS_ADMIN": ("denied", "beyond"),  # swapon, once the filter lets it through
    }
    words_to_allow = shlex.split(
        watch.denials["getitimer"]["change"].replace("PROFILE_DIR", str(seen))
    )
    assert beacon(*words_to_allow[1:]).returncode == 0
    assert not (policy / "seccomp.audit.json").exists()
    with (
        running("enforced", *args_of(policy), image, "none") as name,
        watching(*words, name, code=0) as watch,
    ):
        docker("exec", "--detach", name, "/denied", "getitimer", "swapon")
    assert [(event(each), each["kind"], each["standing"]) for each in watch.summary["denials"]] == [
        ("swapon", "denied", "intended")
    ]


def test_what_cannot_be_watched(image: str) -> None:
    with running("unconfined", "--security-opt", "seccomp=unconfined", image, "none") as name:
        refused = beacon("watch", name)
        assert refused.returncode == 2
        assert "has no seccomp filter" in sentence(refused.stderr)
    missing = beacon("watch", own("nobody"))
    assert missing.returncode == 2
    assert "There is no container" in sentence(missing.stderr)


def args_of(policy: Path) -> list[str]:
    """The policy's options, for whatever folder."""
    words = (policy / "docker.args").read_text()
    return shlex.split(words.replace("seccomp=", f"seccomp={policy}/"))


def spoken(name: str) -> dict[str, float]:
    """When the program made each call last."""
    lines = (line.split() for line in docker("logs", name).splitlines())
    return {call: float(when) for call, _, when in lines}


def until_said(name: str, call: str, count: int = 1) -> None:
    end = time.monotonic() + 30
    while sum(line.startswith(f"{call} ") for line in docker("logs", name).splitlines()) < count:
        assert time.monotonic() < end
        time.sleep(0.05)
