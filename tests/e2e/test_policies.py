"""Profile, policy, verify, and a plain `docker run` under the result."""

from __future__ import annotations

import json
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from e2e.commands import beacon, docker, options_of


def make_policy(directory: Path, *launch: str) -> Path:
    profile, policy = directory / "profile", directory / "policy"
    commands: tuple[tuple[str | Path, ...], ...] = (
        ("profile", "--strategy", "baseline", "-o", profile, *launch),
        ("policy", profile, "-o", policy),
        ("verify", "--starts", "2", policy),
    )
    for command in commands:
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
    options = options_of(nginx)
    with running(*options, "beacon/nginx") as address:
        eventually(address, 80).close()
        with urllib.request.urlopen(f"http://{address}/", timeout=5) as answer:
            assert b"Welcome to nginx!" in answer.read()


def test_redis_answers_under_docker_args(tmp_path: Path) -> None:
    policy = make_policy(tmp_path, "beacon/redis")
    options = options_of(policy)
    with running(*options, "beacon/redis") as address, eventually(address, 6379) as connection:
        connection.sendall(b"SET key value\r\nGET key\r\n")
        time.sleep(0.5)
        assert connection.recv(100) == b"+OK\r\n$5\r\nvalue\r\n"


def test_the_policy_is_much_tighter_than_the_default(nginx: Path) -> None:
    document = json.loads((nginx / "policy.json").read_bytes())
    allowed = [each for each in document["entries"] if each["allowed"]]
    calls = [each for each in allowed if each["event"]["type"] == "syscall"]
    names = {each["event"]["name"] for each in calls}
    seen = {each["event"]["name"] for each in calls if each["count"]}
    assert {"sendfile", "accept4", "epoll_wait"} <= seen
    assert len(seen) < 100
    assert len(names) < 160
    assert "readv" in names - seen
    assert not names & {"ptrace", "mount", "unshare", "keyctl", "bpf", "userfaultfd", "init_module"}
    capabilities = {each["event"]["name"] for each in allowed if each not in calls}
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
    done = beacon("verify", "--starts", "0", policy, "--json")
    assert done.returncode == 10, done.stderr
    verification = json.loads(done.stdout)
    assert verification["passed"] is False
    differences = [d for run in verification["runs"] for d in run["differences"]]
    denied = {d["name"] for d in differences if d["kind"].startswith("denied")}
    assert denied == {"sendfile"}
    assert any(d["kind"] == "check" and d["name"] == "body of /" for d in differences)
    assert {d["kind"] for d in differences} == {"check", "denied system call"}
    assert json.loads((policy / "verification.json").read_bytes())["runs"] == verification["runs"]


def test_a_filter_that_allows_more_is_not_verified(nginx: Path, tmp_path: Path) -> None:
    policy = tmp_path / "policy"
    policy.mkdir()
    for path in nginx.iterdir():
        (policy / path.name).write_text(path.read_text().replace(str(nginx), str(policy)))
    (policy / "seccomp.json").write_text('{"defaultAction": "SCMP_ACT_ALLOW"}')
    done = beacon("verify", "--starts", "0", policy)
    assert done.returncode == 10, done.stderr
    assert "seccomp.json is wider than policy.json" in done.stdout
    assert "running" not in done.stderr
    for words in (("cves", policy), ("explain", policy, "bpf"), ("diff", nginx, policy)):
        told = beacon(*words)
        assert told.returncode == 10, told.stderr
        assert "Warning: seccomp.json is wider than policy.json" in told.stderr


PINNED = """
#define _GNU_SOURCE
#include <linux/sched.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
int main(void) {
    for (;;) {
        struct clone_args arguments = {.flags = CLONE_NEWUSER, .exit_signal = 17};
        long child = syscall(SYS_clone3, &arguments, sizeof arguments);
        if (child == 0) _exit(0);
        if (child > 0) wait(NULL);
        puts(child > 0 ? "namespace made" : "refused");
        fflush(stdout);
        sleep(1);
    }
}
"""


@pytest.fixture
def clone3(tmp_path: Path) -> Iterator[str]:
    """An image whose program makes user namespaces by clone3 alone."""
    image = "beacon-clone3:test"
    (tmp_path / "Dockerfile").write_text('FROM scratch\nCOPY clone3 /clone3\nCMD ["/clone3"]\n')
    compiler = ["gcc", "-static", "-o", str(tmp_path / "clone3"), "-xc", "-"]
    subprocess.run(compiler, input=PINNED, text=True, check=True)
    docker("build", "--quiet", "--tag", image, str(tmp_path))
    yield image
    docker("rmi", "--force", image, check=False)


def test_a_denied_user_namespace_is_not_made_by_clone3(clone3: str, tmp_path: Path) -> None:
    launch = ("--workload", "none", "--security-opt", "seccomp=unconfined", clone3)
    profile, policy = tmp_path / "profile", tmp_path / "policy"
    done = beacon("profile", "--strategy", "baseline", "-o", profile, *launch)
    assert done.returncode == 0, done.stderr
    for denied, said in (((), "namespace made"), (("clone", "unshare"), "refused")):
        pins = [word for name in denied for word in ("--deny", f"{name}(CLONE_NEWUSER)")]
        assert beacon("policy", profile, "-o", policy, *pins).returncode == 0
        options = options_of(policy)
        name = docker("run", "--detach", "--label", "beacon.test=e2e", *options, clone3)
        try:
            time.sleep(2.5)
            assert set(docker("logs", name).splitlines()) == {said}
        finally:
            docker("rm", "--force", name)


@pytest.mark.parametrize("user", [(), ("-u", "redis")], ids=["root", "user"])
@pytest.mark.parametrize(
    "privileges", [(), ("--security-opt", "no-new-privileges")], ids=["plain", "nnp"]
)
def test_it_starts_what_it_was_recorded_from(
    tmp_path: Path, user: tuple[str, ...], privileges: tuple[str, ...]
) -> None:
    policy = make_policy(tmp_path, *user, *privileges, "beacon/redis")
    options = options_of(policy)
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
