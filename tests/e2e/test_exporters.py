"""One recording, started by each of the files that a policy's directory has for Docker."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from e2e.commands import beacon, docker, options_of

#: It may ping, tells what it was given, then waits; no shell or reader on the way may touch it.
PING = 'perl -e "socket(S, 2, 2, 1) or die" && '  # AF_INET, SOCK_DGRAM, IPPROTO_ICMP
TELL = 'printf "%s\n" "$@" "$(id -u):$(id -g)" "$PWD" "$MODE" "$(stat -f -c %T /kept)"; sleep 600'
SCRIPT = f"{PING}{TELL}"
WORDS = ("$HOME", "${MODE:-x}", "$$", "$(id)", "a\nb: c", "1e3", "yes", "#")
LAUNCH = ("-u", "1000:1001", "-w", "/tmp", "--tmpfs", "/kept:size=1m")
RECORDED = (*LAUNCH, "-e", "MODE=recorded", "--security-opt", "no-new-privileges")
COMMAND = ("debian:bookworm-slim", "sh", "-c", SCRIPT, "sh", *WORDS)
TOLD = "\n".join((*WORDS, "1000:1001", "/tmp", "production", "tmpfs"))
RIGHTS = ("CapBnd", "CapEff", "NoNewPrivs", "Seccomp", "Seccomp_filters")


@pytest.fixture(scope="module")
def policy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("exported")
    recording = ("profile", "--strategy", "baseline", "--workload", "none", "--ready-after", "1")
    for command in (
        (*recording, "-o", directory / "profile", *RECORDED, *COMMAND),
        ("policy", directory / "profile", "-o", directory / "policy"),
    ):
        done = beacon(*command)
        assert done.returncode == 0, done.stderr + done.stdout
    return directory / "policy"


def rights(container: str) -> dict[str, str]:
    """What the kernel enforces on its first process."""
    status = Path("/proc", docker("inspect", "--format", "{{.State.Pid}}", container), "status")
    fields = dict(line.split(":\t", 1) for line in status.read_text().splitlines() if "\t" in line)
    return {name: fields[name] for name in RIGHTS if name in fields}


def told(container: str) -> str:
    for _ in range(100):
        if (text := docker("logs", container)).endswith("tmpfs"):
            break
        time.sleep(0.05)
    return text


@pytest.fixture(scope="module")
def by_arguments(policy: Path) -> Iterator[str]:
    options = options_of(policy)
    name = f"beacon-e2e-{os.getpid()}-arguments"  # it may exist though it did not start
    try:
        docker("run", "-d", "--name", name, *LAUNCH, "-e", "MODE=production", *options, *COMMAND)
        yield name
    finally:
        docker("rm", "--force", "--volumes", name)


@pytest.fixture(scope="module")
def by_compose(policy: Path) -> Iterator[str]:
    compose = (*compose_command(), "-p", f"beacon-e2e-{os.getpid()}")
    try:
        run(*compose, "up", "--detach", folder=policy)
        yield run(*compose, "ps", "--quiet", folder=policy)
    finally:
        run(*compose, "down", "--volumes", "--timeout", "1", folder=policy)


def compose_command() -> tuple[str, ...]:
    plugin = subprocess.run(["docker", "compose", "version"], capture_output=True, check=False)
    if plugin.returncode == 0:
        return ("docker", "compose")
    if shutil.which("docker-compose"):
        return ("docker-compose",)
    pytest.fail("docker compose is not installed: script/bootstrap test does that")


def run(*command: str, folder: Path) -> str:
    env = {**os.environ, "MODE": "production"}
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, env=env, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_docker_args_start_it(by_arguments: str) -> None:
    assert told(by_arguments) == TOLD
    enforced = rights(by_arguments)
    assert enforced["NoNewPrivs"] == "1"
    assert enforced["Seccomp"] == "2"
    assert int(enforced["CapBnd"], 16) == 0


def test_compose_starts_the_same(by_compose: str, by_arguments: str, policy: Path) -> None:
    assert told(by_compose) == TOLD
    assert rights(by_compose) == rights(by_arguments)
    options = json.loads(docker("inspect", "--format", "{{json .HostConfig}}", by_compose))
    seccomp = [o for o in options["SecurityOpt"] if o.startswith("seccomp=")]
    assert [json.loads(o.removeprefix("seccomp=")) for o in seccomp] == [
        json.loads((policy / "seccomp.json").read_bytes())
    ]


def test_compose_understands_it(policy: Path) -> None:
    run(*compose_command(), "config", "--quiet", folder=policy)


def test_a_pod_may_ping_as_the_recorded_container_did(policy: Path) -> None:
    pod = (policy / "kubernetes.yaml").read_text()
    assert 'name: net.ipv4.ping_group_range\n      value: "0 2147483647"' in pod


def test_no_file_for_everybody_tells_a_variable(policy: Path) -> None:
    for path in policy.iterdir():
        private = path.stat().st_mode & 0o077 == 0
        assert private or path.stat().st_mode & 0o777 == 0o644
        assert private or "=recorded" not in path.read_text()
