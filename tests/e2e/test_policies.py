"""Profile, policy, verify, and a plain `docker run` under the result."""

from __future__ import annotations

import json
import socket
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from e2e.commands import beacon, docker


def make_policy(directory: Path, *launch: str) -> Path:
    profile, policy = directory / "profile", directory / "policy"
    for command in (
        ("profile", "--strategy", "baseline", "-o", profile, *launch),
        ("policy", profile, "-o", policy),
        ("verify", policy),
    ):
        done = beacon(*command)
        assert done.returncode == 0, done.stderr + done.stdout
    return policy


@contextmanager
def running(*arguments: str) -> Iterator[str]:
    name = docker("run", "--detach", "--label", "beacon.test=e2e", *arguments)
    try:
        yield docker("inspect", "--format", "{{.NetworkSettings.IPAddress}}", name)
    finally:
        docker("rm", "--force", "--volumes", name)


def eventually(address: str, port: int) -> socket.socket:
    for _ in range(100):
        try:
            return socket.create_connection((address, port), timeout=5)
        except OSError:
            time.sleep(0.05)
    raise AssertionError(f"nothing listens at {address}:{port}")


@pytest.fixture(scope="module")
def nginx(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_policy(tmp_path_factory.mktemp("nginx"), "beacon/nginx")


def test_nginx_serves_its_page_under_docker_args(nginx: Path) -> None:
    options = (nginx / "docker.args").read_text().split()
    with running(*options, "beacon/nginx") as address:
        eventually(address, 80).close()
        with urllib.request.urlopen(f"http://{address}/", timeout=5) as answer:
            assert b"Welcome to nginx!" in answer.read()


def test_redis_answers_under_docker_args(tmp_path: Path) -> None:
    policy = make_policy(tmp_path, "beacon/redis")
    options = (policy / "docker.args").read_text().split()
    with running(*options, "beacon/redis") as address, eventually(address, 6379) as connection:
        connection.sendall(b"SET key value\r\nGET key\r\n")
        time.sleep(0.5)
        assert connection.recv(100) == b"+OK\r\n$5\r\nvalue\r\n"


def test_the_policy_is_much_tighter_than_the_default(nginx: Path) -> None:
    document = json.loads((nginx / "policy.json").read_bytes())
    names = {allowed["call"]["name"] for allowed in document["syscalls"]}
    assert {"sendfile", "accept4", "epoll_wait"} <= names
    assert len(names) < 120
    assert not names & {"ptrace", "mount", "unshare", "keyctl", "bpf", "userfaultfd", "init_module"}
    capabilities = {capability["name"] for capability in document["capabilities"]}
    assert "CAP_SETUID" in capabilities
    assert not capabilities & {"CAP_SYS_ADMIN", "CAP_NET_RAW", "CAP_MKNOD"}


def test_a_missing_call_is_named_and_nothing_else(nginx: Path, tmp_path: Path) -> None:
    policy = tmp_path / "policy"
    policy.mkdir()
    for path in nginx.iterdir():
        (policy / path.name).write_text(path.read_text().replace(str(nginx), str(policy)))
    seccomp = json.loads((policy / "seccomp.json").read_bytes())
    for rule in seccomp["syscalls"]:
        rule["names"] = [name for name in rule["names"] if name != "sendfile"]
    (policy / "seccomp.json").write_text(json.dumps(seccomp))
    done = beacon("verify", policy, "--json")
    assert done.returncode == 10, done.stderr
    verification = json.loads(done.stdout)
    assert verification["passed"] is False
    differences = [d for run in verification["runs"] for d in run["differences"]]
    denied = {d["name"] for d in differences if d["kind"].startswith("denied")}
    assert denied == {"sendfile"}
    assert any(d["kind"] == "check" and d["name"] == "body of /" for d in differences)
    assert {d["kind"] for d in differences} == {"check", "denied system call"}
    assert json.loads((policy / "verification.json").read_bytes())["runs"] == verification["runs"]


@pytest.mark.parametrize("user", [(), ("-u", "redis")], ids=["root", "user"])
@pytest.mark.parametrize(
    "privileges", [(), ("--security-opt", "no-new-privileges")], ids=["plain", "nnp"]
)
def test_it_starts_what_it_was_recorded_from(
    tmp_path: Path, user: tuple[str, ...], privileges: tuple[str, ...]
) -> None:
    policy = make_policy(tmp_path, *user, *privileges, "beacon/redis")
    options = (policy / "docker.args").read_text().split()
    assert ("no-new-privileges" in options) == bool(privileges)
    with running(*user, *options, "beacon/redis") as address:
        eventually(address, 6379).close()


def test_recording_under_an_open_filter(tmp_path: Path) -> None:
    done = beacon(
        "profile", "--strategy", "baseline", "-o", tmp_path, "--workload", "none",
        "--security-opt", "seccomp=unconfined",
        "debian:bookworm-slim", "sh", "-c", "unshare -U true; sleep 60",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (run,) = json.loads((tmp_path / "profile.json").read_bytes())["runs"]
    entered = {e["call"]["name"] for e in run["observation"]["syscalls"] if e["count"]}
    assert {"unshare", "clock_nanosleep"} <= entered
