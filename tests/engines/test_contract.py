"""What BeaCon relies on, held against each real engine."""

from __future__ import annotations

import hashlib
import itertools
import os
import re
import signal
import subprocess
import sys
import tarfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from beacon.engines.choose import open_chosen
from beacon.engines.interface import (
    OWNER_LABEL,
    SESSION_LABEL,
    Container,
    ContainerNotFoundError,
    Enforcement,
    Engine,
    Image,
    ImageNotFoundError,
    Job,
    NotReadyError,
    Pull,
    Readiness,
    RefusedError,
)
from beacon.model.launch import Launch
from beacon.process_identity import identify
from engines.conftest import PARENT
from engines.subjects import DEBIAN, Subject

_SOON = Readiness(stable=0.1, timeout=20)
_SLEEP = ("sleep", "600")
#: mkdir is denied with an error of its own, all else is let through.
_NO_MKDIR = (
    '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": '
    '[{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 99}]}'
)


def _create(
    engine: Engine,
    image: Image,
    *command: str,
    launch: Launch | None = None,
    enforcement: Enforcement | None = None,
    job: Job | None = None,
) -> Container:
    launch = launch or Launch(command=command)
    given = enforcement or Enforcement()
    return engine.create(image, launch, given, cgroup_parent=PARENT, job=job)


def _status(container: Container, field: str) -> str:
    _, text = container.exec(["cat", "/proc/1/status"])
    line = next(line for line in text.splitlines() if line.startswith(f"{field}:"))
    return line.removeprefix(f"{field}:").removeprefix("\\t")


def _ended(container: Container) -> str:
    """Wait for its end; all that it wrote."""
    with pytest.raises(NotReadyError) as failure:
        container.wait_ready(Readiness(stable=60, timeout=60))
    assert failure.value.exited
    return container.logs(200)


# --- what it is -----------------------------------------------------------------------------------


def test_facts(engine: Engine, subject: Subject) -> None:
    facts = engine.facts()
    assert facts.name == subject.name
    assert re.match(r"(containerd )?\d", facts.version)
    assert re.fullmatch(rf"{subject.runtime} \d\S+", facts.runtime)
    assert facts.cgroup_driver in ("cgroupfs", "systemd")
    assert facts.seccomp


def test_images(engine: Engine, debian: Image, nginx: Image) -> None:
    assert debian.ports == ()
    assert debian.id.startswith("sha256:")
    assert engine.image(debian.id).id == debian.id
    assert (nginx.ports, nginx.stop_signal) == ((80,), "SIGQUIT")
    with pytest.raises(ImageNotFoundError, match="No image 'beacon/none:such'"):
        engine.image("beacon/none:such", pull=Pull.NEVER)
    with pytest.raises(ImageNotFoundError, match="beacon/none:such"):
        engine.image("beacon/none:such")
    with pytest.raises(ImageNotFoundError, match="NOT VALID"):
        engine.image("NOT VALID")


def test_an_archive_of_all_files(engine: Engine, nginx: Image) -> None:
    with engine.files(nginx) as file, tarfile.open(fileobj=file, mode="r|") as archive:
        found = {entry.name.removeprefix("./"): entry.size for entry in archive}
    assert found["usr/sbin/nginx"] > 100_000
    assert "etc/passwd" in found


# --- a life ---------------------------------------------------------------------------------------


def test_a_life(engine: Engine, debian: Image) -> None:
    script = "trap 'echo bye; exit 7' TERM; echo hi; while :; do sleep 0.05; done"
    with _create(engine, debian, "sh", "-c", script) as container:
        assert (container.running(), container.exit_code(), container.pid()) == (False, None, 0)
        container.start()
        assert container.wait_ready(_SOON) == "it lived for 0.1 s"
        assert (container.running(), container.exit_code()) == (True, None)
        assert container.address()
        assert container.stop(10) == 7
        assert (container.running(), container.exit_code()) == (False, 7)
        assert container.logs() == "hi\nbye"
        assert container.logs(1) == "bye"
    container.remove()
    with pytest.raises(RefusedError, match=r"(?i)no such container|not found"):
        container.running()


def test_a_second_start(engine: Engine, debian: Image) -> None:
    # In a volume: a kubelet starts another container over it.
    script = "test -e /v/seen && echo again; touch /v/seen; sleep 600"
    launch = Launch(command=("sh", "-c", script), volumes=("@new:/v",))
    with _create(engine, debian, launch=launch) as container:
        container.start()
        container.wait_ready(_SOON)
        first = container.started_at()
        assert container.stop(0.2) == 137
        container.start()
        assert container.wait_ready(Readiness(log_line="again", timeout=20))
        assert container.started_at() != first


def test_a_deaf_container_is_killed(engine: Engine, debian: Image) -> None:
    with _create(engine, debian, *_SLEEP) as container:
        container.start()
        assert container.stop(0.2) == 137


def test_signals(engine: Engine, debian: Image) -> None:
    script = "trap 'exit 9' HUP; echo set; while :; do sleep 0.05; done"
    with _create(engine, debian, "sh", "-c", script) as container:
        container.start()
        container.wait_ready(Readiness(log_line="set", timeout=20))
        container.signal("SIGHUP")
        with pytest.raises(NotReadyError, match="code 9"):
            container.wait_ready(Readiness(stable=10))
        with pytest.raises(RefusedError, match=r"is not running|non-running|can only kill running"):
            container.signal("SIGHUP")


def test_the_image_s_stop_signal(engine: Engine, nginx: Image) -> None:
    with _create(engine, nginx) as container:
        container.start()
        container.wait_ready(Readiness(ports=(80,), timeout=30))
        assert container.stop(20) == 0
        assert "signal 3 (SIGQUIT) received" in container.logs(50)


@pytest.mark.needs("freeze")
def test_frozen_for_a_while(engine: Engine, debian: Image) -> None:
    with _create(engine, debian, "sh", "-c", "while :; do date +%s%N; sleep 0.05; done") as one:
        one.start()
        one.wait_ready(_SOON)
        one.freeze(1.0, threading.Event())
        time.sleep(0.3)
        moments = [int(line) for line in one.logs(100).splitlines()]
        assert max(b - a for a, b in itertools.pairwise(moments)) > 0.8e9


@pytest.mark.alone
def test_many_at_once(engine: Engine, debian: Image) -> None:
    def live(number: int) -> str:
        with _create(engine, debian, "sh", "-c", f"echo {number}; sleep 600") as container:
            container.start()
            container.wait_ready(Readiness(log_line=str(number), timeout=60))
            return container.exec(["echo", str(number)])[1]

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(live, range(8))) == [str(number) for number in range(8)]


# --- readiness ------------------------------------------------------------------------------------


@pytest.mark.parametrize("network", [None, "host", "none"])
def test_nginx_listens(engine: Engine, nginx: Image, network: str | None) -> None:
    with _create(engine, nginx, launch=Launch(network=network)) as container:
        container.start()
        ready = container.wait_ready(Readiness(ports=nginx.ports, timeout=30))
        assert ready == "port 80 listens"
        address = container.address()
        assert address == {"host": "127.0.0.1", "none": None}.get(network or "", address)
        assert (address is None) == (network == "none")
        assert 80 in {each.port for each in container.listeners()}


def test_somebody_elses_port_is_no_evidence(engine: Engine, debian: Image, nginx: Image) -> None:
    host = Launch(network="host")
    sleeper = Launch(network="host", command=_SLEEP)
    with (
        _create(engine, nginx, launch=host) as other,
        _create(engine, debian, launch=sleeper) as container,
    ):
        other.start()
        other.wait_ready(Readiness(ports=(80,), timeout=30))
        container.start()
        with pytest.raises(NotReadyError, match="does not listen on port 80"):
            container.wait_ready(Readiness(ports=(80,), timeout=1))


def test_log_lines(engine: Engine, debian: Image) -> None:
    with _create(engine, debian, "sh", "-c", "sleep 0.3; echo all set >&2; sleep 600") as container:
        container.start()
        ready = container.wait_ready(Readiness(log_line="all s", ports=(1,), timeout=20))
        assert ready == 'its log says "all s"'


def test_an_end_before_the_log_line(engine: Engine, debian: Image) -> None:
    with _create(engine, debian, "sh", "-c", "sleep 0.3; exit 4") as container:
        container.start()
        with pytest.raises(NotReadyError, match="exited with code 4") as failure:
            container.wait_ready(Readiness(log_line="never", timeout=20))
        assert failure.value.exited


def test_a_silent_or_endless_log_ends_in_time(engine: Engine, debian: Image) -> None:
    for command in (_SLEEP, ("yes",)):
        with _create(engine, debian, *command) as container:
            container.start()
            started = time.monotonic()
            with pytest.raises(NotReadyError):
                container.wait_ready(Readiness(log_line="never", timeout=1))
            assert time.monotonic() - started < 5
            assert len(container.logs()) < 1000


def test_a_health_check(engine: Engine, debian: Image) -> None:
    script = "sleep 1; touch /tmp/well; sleep 600"
    launch = Launch(command=("sh", "-c", script), health_cmd="test -e /tmp/well")
    with _create(engine, debian, launch=launch) as container:
        container.start()
        assert container.wait_ready(Readiness(timeout=30)) == "its health check passed"
        assert container.exec(["test", "-e", "/tmp/well"])[0] == 0


def test_a_health_check_that_fails(engine: Engine, debian: Image) -> None:
    launch = Launch(command=_SLEEP, health_cmd="false", health_start_period="1ms", health_retries=2)
    with _create(engine, debian, launch=launch) as container:
        container.start()
        with pytest.raises(NotReadyError, match="health check failed") as failure:
            container.wait_ready(Readiness(timeout=30))
        assert not failure.value.exited


# --- commands inside, streams, files --------------------------------------------------------------


def test_exec(engine: Engine, debian: Image) -> None:
    with _create(engine, debian, *_SLEEP) as container:
        container.start()
        assert container.exec(["sh", "-c", "printf 'a\\033\\nb\\n'; exit 3"]) == (3, "a\\x1b\nb")
        assert container.exec(["no-such-program"])[0] in (126, 127)
        assert container.exec(["sleep", "60"], timeout=0.5) == (124, "")
        code, text = container.exec(["yes"], timeout=0.5)
        assert (code, len(text) <= 64 << 10) == (124, True)


@pytest.mark.needs("user of a command")
def test_exec_as_somebody_else(engine: Engine, debian: Image) -> None:
    with _create(engine, debian, *_SLEEP) as container:
        container.start()
        assert container.exec(["id", "-u"], user="33") == (0, "33")


def test_exec_in_what_does_not_run(engine: Engine, debian: Image) -> None:
    with _create(engine, debian, "true") as container, pytest.raises(RefusedError):
        container.exec(["true"])


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def test_the_streams_of_a_job(engine: Engine, debian: Image) -> None:
    script = "tr a-z A-Z; echo problem >&2; exit 3"
    job = Job(stdin=lambda: iter([b"first ", b"second"]))
    launch = Launch(command=("sh", "-c", script), interactive=True)
    with _create(engine, debian, launch=launch, job=job) as container:
        for _ in range(2):  # each start sends the input anew
            container.start()
            _ended(container)
            assert container.exit_code() == 3
            found = container.output()
            assert found["standard output"] == _digest(b"FIRST SECOND")
            assert found["standard error"] == _digest(b"problem\n")


def test_a_large_output_is_read_whole(engine: Engine, debian: Image) -> None:
    with _create(engine, debian, "head", "-c", "20M", "/dev/zero", job=Job()) as container:
        container.start()
        _ended(container)
        assert container.output()["standard output"] == _digest(bytes(20 << 20))


def test_a_job_on_a_terminal(engine: Engine, debian: Image) -> None:
    launch = Launch(command=("sh", "-c", "test -t 1 && echo yes"), tty=True)
    with _create(engine, debian, launch=launch, job=Job()) as container:
        container.start()
        _ended(container)
        assert container.output() == {"standard output": _digest(b"yes\r\n")}


def test_a_job_works_on_a_copy(engine: Engine, debian: Image, tmp_path: Path) -> None:
    (tmp_path / "old").write_text("old\n")
    script = "cat /data/old > /data/new; rm /data/old; test -w /data"
    launch = Launch(command=("sh", "-c", script), volumes=(f"{tmp_path}:/data",))
    with _create(engine, debian, launch=launch, job=Job()) as container:
        container.start()
        _ended(container)
        assert container.exit_code() == 0
        changed = container.output()["files in /data"]
    assert changed is not None
    assert [path.name for path in tmp_path.iterdir()] == ["old"]


def test_what_a_file_carries(engine: Engine, debian: Image) -> None:
    # cap_net_raw+ep (version 2, effective), as linux/capability.h lays it out.
    attribute = "0x0100000200200000000000000000000000000000"
    script = (
        "cp /bin/true /tmp/carrier && ln -s carrier /tmp/link && perl -e '"
        'my ($file, $name, $value) = ("/tmp/carrier", "security.capability", '
        f'pack("H*", "{attribute[2:]}")); '
        "syscall(188, $file, $name, $value, length $value, 0) and die $!'"
    )
    with _create(engine, debian, "sh", "-c", script) as container:
        container.start()
        assert _ended(container) == ""
        assert container.exit_code() == 0
        assert container.file_capabilities("/tmp/carrier") == 1 << 13
        assert container.file_capabilities("/tmp/link") == 1 << 13
        assert container.file_capabilities("/bin/true") == 0
        assert container.file_capabilities("/nowhere") == 0


# --- rights ---------------------------------------------------------------------------------------


def test_no_filter_asked_for_is_still_a_filter(engine: Engine, debian: Image) -> None:
    # A new user namespace is what the engine's own profile denies without CAP_SYS_ADMIN.
    launch = Launch(command=_SLEEP, seccomp="unconfined")
    with _create(engine, debian, launch=launch) as container:
        container.start()
        assert _status(container, "Seccomp") == "2"
        assert container.exec(["unshare", "--user", "true"])[0] == 0


def test_the_engine_has_a_filter_of_its_own(engine: Engine, debian: Image) -> None:
    with _create(engine, debian, *_SLEEP) as container:
        container.start()
        assert _status(container, "Seccomp") == "2"
        # mount is denied by the filter of each; it also needs a capability that nobody has here.
        assert container.exec(["mount", "-t", "tmpfs", "x", "/mnt"])[0] != 0


def test_enforcement_overrides_the_launch(engine: Engine, debian: Image) -> None:
    launch = Launch(
        command=_SLEEP, cap_add=("NET_ADMIN",), no_new_privileges=True, seccomp="unconfined"
    )
    enforcement = Enforcement(seccomp=_NO_MKDIR, capabilities=("CAP_CHOWN", "CAP_KILL"))
    with _create(engine, debian, launch=launch, enforcement=enforcement) as container:
        container.start()
        assert int(_status(container, "CapBnd"), 16) == 1 << 0 | 1 << 5
        assert int(_status(container, "CapEff"), 16) == 1 << 0 | 1 << 5
        assert _status(container, "NoNewPrivs") == "1"
        assert "Cannot assign requested address" in container.exec(["mkdir", "/x"])[1]


def test_a_denied_call_is_denied_to_the_first_process(engine: Engine, debian: Image) -> None:
    enforcement = Enforcement(seccomp=_NO_MKDIR)
    with _create(engine, debian, "mkdir", "/x", enforcement=enforcement) as container:
        container.start()
        assert "Cannot assign requested address" in _ended(container)
        assert container.exit_code() == 1


@pytest.mark.parametrize("calls", [("capset", "fstatfs"), ("fstatfs", "pselect6")])
def test_a_start_that_a_filter_prevents(engine: Engine, debian: Image, calls: list[str]) -> None:
    """Of each runtime's calls before the entry point (data/runtimes.toml) one is denied."""
    names = ", ".join(f'"{call}"' for call in calls)
    profile = (
        '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": '
        f'[{{"names": [{names}], "action": "SCMP_ACT_ERRNO"}}]}}'
    )
    for _ in range(6):  # without pselect6 crun 1.8 waits forever in some of them
        started = time.monotonic()
        with _create(engine, debian, "true", enforcement=Enforcement(seccomp=profile)) as container:
            with suppress(RefusedError):
                container.start()
                _ended(container)
                assert container.exit_code() != 0
            assert time.monotonic() - started < 30
            assert not container.running()
    assert engine.facts().version


def test_no_capabilities_at_all(engine: Engine, debian: Image) -> None:
    launch = Launch(command=("sh", "-c", "cat /proc/1/status; chown 1 /etc/passwd"))
    enforcement = Enforcement(capabilities=())
    with _create(engine, debian, launch=launch, enforcement=enforcement) as container:
        container.start()
        log = _ended(container)
    assert "CapEff:\\t0000000000000000" in log
    assert "CapBnd:\\t0000000000000000" in log
    assert "Operation not permitted" in log


def test_capabilities_that_are_added_and_dropped(engine: Engine, debian: Image) -> None:
    launch = Launch(command=_SLEEP, cap_add=("SYS_PTRACE",), cap_drop=("CHOWN",))
    with _create(engine, debian, launch=launch) as container:
        container.start()
        held = int(_status(container, "CapEff"), 16)
    assert held >> 19 & 1
    assert not held >> 0 & 1


# --- how it is launched ---------------------------------------------------------------------------


def test_launch_options_reach_the_process(engine: Engine, debian: Image) -> None:
    launch = Launch(
        entrypoint="/bin/sh",
        command=("-c", 'echo "$A $(id -u) $(id -G) $PWD $(hostname)"; grep " /t " /proc/mounts'),
        env=("A=1 2",),
        user="33:34",
        group_add=("44",),
        workdir="/tmp",
        hostname="named",
        tmpfs=("/t:size=1m",),
    )
    with _create(engine, debian, launch=launch) as container:
        container.start()
        assert container.env()["A"] == "1 2"
        log = _ended(container)
    assert log.startswith("1 2 33 34 44 /tmp named\n")
    assert "size=1024k" in log


def test_a_read_only_root(engine: Engine, debian: Image) -> None:
    script = "touch /x; touch /t/y && touch /v/z && echo written"
    launch = Launch(command=("sh", "-c", script), read_only=True, tmpfs=("/t",), volumes=("/v",))
    with _create(engine, debian, launch=launch) as container:
        container.start()
        log = _ended(container)
    assert "Read-only file system" in log
    assert "written" in log


@pytest.mark.needs("limits of Docker")
def test_limits(engine: Engine, debian: Image) -> None:
    launch = Launch(
        command=_SLEEP, memory="64m", pids_limit=77, ulimit=("nofile=1000:2000",), shm_size="32m"
    )
    with _create(engine, debian, launch=launch) as container:
        container.start()
        _, limits = container.exec(["cat", "/proc/1/limits"])
        assert re.search(r"Max open files\s+1000\s+2000\s", limits)
        _, mounts = container.exec(["cat", "/proc/1/mounts"])
        assert "size=32768k" in next(each for each in mounts.splitlines() if " /dev/shm " in each)
        assert _of_cgroup(container, "pids", "pids.max", "pids.max") == "77"
        found = _of_cgroup(container, "memory", "memory.limit_in_bytes", "memory.max")
        assert found == str(64 << 20)


def _of_cgroup(container: Container, controller: str, first: str, second: str) -> str:
    """A value of the container's cgroup, by the file's name in either version."""
    words = Path(f"/proc/{container.pid()}/cgroup").read_text("ascii").splitlines()
    own = dict(line.split(":", 2)[1:] for line in words)
    root = Path("/sys/fs/cgroup")
    if controller in own:
        return (root / controller / own[controller][1:] / first).read_text().strip()
    folder = root / own[""][1:]
    # crun puts the processes into a cgroup below the one with the limits.
    above = folder / second
    return (above if above.exists() else folder.parent / second).read_text().strip()


def test_the_cgroup_is_known_before_the_start(engine: Engine, debian: Image) -> None:
    with _create(engine, debian, *_SLEEP) as container:
        container.start()
        cgroup = Path(f"/proc/{container.pid()}/cgroup").read_text("ascii")
        assert re.search(rf":{PARENT}/\S*{container.id}\S*\n", cgroup)
        assert container.exec(["true"])[0] == 0


@pytest.mark.needs("command line")
def test_new_volumes_and_networks(engine: Engine, subject: Subject, debian: Image) -> None:
    launch = Launch(command=_SLEEP, volumes=("@new:/data", "/anonymous"), network="@new")
    before = _made(subject)
    with _create(engine, debian, launch=launch) as container:
        container.start()
        container.wait_ready(_SOON)
        assert container.exec(["sh", "-c", "touch /data/x /anonymous/y"])[0] == 0
        assert container.address()
        made = _made(subject) - before
        assert len([each for each in made if each.startswith("volume")]) == 2
        assert len([each for each in made if each.startswith("network beacon-")]) == 1
    assert _made(subject) == before


def _made(subject: Subject) -> set[str]:
    kinds = ("volume", "network")
    names = {kind: subject.run(kind, "ls", "--format", "{{.Name}}") for kind in kinds}
    return {f"{kind} {name}" for kind in kinds for name in names[kind].splitlines()}


@pytest.mark.needs("a stack")
def test_containers_of_a_stack_find_each_other(engine: Engine, debian: Image, nginx: Image) -> None:
    with engine.place(["shared"]) as place:
        volume = place.volumes["shared"]
        web = Launch(network=place.network, network_alias=("web",), volumes=(f"{volume}:/s",))
        client = Launch(network=place.network, command=_SLEEP, volumes=(f"{volume}:/s",))
        with (
            _create(engine, nginx, launch=web) as server,
            _create(engine, debian, launch=client) as other,
        ):
            server.start()
            server.wait_ready(Readiness(ports=(80,), timeout=30))
            other.start()
            other.wait_ready(_SOON)
            assert server.exec(["touch", "/s/x"])[0] == 0
            assert other.exec(["test", "-e", "/s/x"])[0] == 0
            code, found = other.exec(["getent", "hosts", "web"])
            assert code == 0, found
            assert found.split()[0] == server.address()


@pytest.mark.needs("disconnect")
def test_a_network_that_goes_for_a_while(engine: Engine, debian: Image) -> None:
    with _create(engine, debian, *_SLEEP) as container:
        container.start()
        container.wait_ready(_SOON)
        gone = threading.Event()
        waited = threading.Thread(target=container.disconnect, args=(1.5, gone))
        waited.start()
        time.sleep(0.8)
        assert "eth" not in container.exec(["cat", "/proc/net/dev"])[1]
        waited.join()
        assert "eth" in container.exec(["cat", "/proc/net/dev"])[1]
        assert container.address()


@pytest.mark.parametrize(
    ("launch", "words"),
    [
        (Launch(command=("no-such-program",)), "no-such-program"),
        (Launch(user="nobody-such"), "nobody-such"),
        (Launch(network="no-such-network"), "no-such-network"),
        (Launch(cap_add=("NO_SUCH",)), "NO_SUCH"),
        (Launch(seccomp="{"), "[Ss]eccomp|JSON"),
        (Launch(volumes=("a:b:c:d",)), "a:b:c:d"),
    ],
)
def test_refusals(engine: Engine, debian: Image, launch: Launch, words: str) -> None:
    with (
        pytest.raises(RefusedError, match=f"refused: .*({words})"),
        _create(engine, debian, launch=launch) as container,
    ):
        container.start()


# --- containers of others -------------------------------------------------------------------------


def test_a_container_of_somebody_else(engine: Engine, subject: Subject, debian: Image) -> None:
    launch = Launch(command=_SLEEP, env=("A=1",), user="33", memory="64m", read_only=True)
    enforcement = Enforcement(seccomp=_NO_MKDIR)
    with _create(engine, debian, launch=launch, enforcement=enforcement) as container:
        container.start()
        found = engine.existing(container.id)
        assert found.image.id == debian.id
        assert found.seccomp == _NO_MKDIR
        assert (found.launch.entrypoint, found.launch.command) == ("sleep", ("600",))
        assert (found.launch.env, found.launch.user) == (("A=1",), "33")
        assert (found.launch.memory, found.launch.read_only) == (str(64 << 20), True)
        path = Path(f"/proc/{container.pid()}/cgroup").read_text("ascii")
        assert f":{found.cgroup}\n" in path
        life = engine.life(container.id)
        assert (life.alive, life.pid) == (True, container.pid())
    with pytest.raises(ContainerNotFoundError):
        engine.life(container.id)
    with pytest.raises(ContainerNotFoundError, match="no-such"):
        engine.existing("no-such")


# --- the end --------------------------------------------------------------------------------------


def test_abort_ends_a_wait(subject: Subject, debian: Image) -> None:
    aborted = open_chosen(subject.choice)
    with _create(aborted, debian, *_SLEEP) as container:
        container.start()
        timer = threading.Timer(0.5, aborted.abort)
        timer.start()
        started = time.monotonic()
        with pytest.raises((RefusedError, NotReadyError)):
            container.wait_ready(Readiness(log_line="never", timeout=60))
        timer.join()
        assert time.monotonic() - started < 20
    aborted.close()


@pytest.mark.needs("command line")
@pytest.mark.alone
def test_sweep(engine: Engine, subject: Subject, debian: Image) -> None:
    dead = replace(identify(), pid=(1 << 22) - 1)
    label = ["--label", f"{SESSION_LABEL}=t", "--label", f"{OWNER_LABEL}={dead}"]
    subject.run("create", "--name", "beacon-00000000deadbeef", *label, debian.id, "true")
    subject.run("network", "create", *label, "beacon-00000000000dead1")
    subject.run("volume", "create", *label, "beacon-00000000000dead2")
    stranger = subject.run("create", "--name", "engine-test-stranger", *label, debian.id, "true")
    try:
        with _create(engine, debian, *_SLEEP) as container:
            container.start()
            removed = engine.sweep().removed
            assert container.running()
            assert {
                "container beacon-00000000deadbeef",
                "network beacon-00000000000dead1",
                "volume beacon-00000000000dead2",
            } <= set(removed)
        assert stranger in subject.run("ps", "-aq", "--no-trunc").split()
    finally:
        subject.run("rm", "-f", stranger)


@pytest.fixture
def command(subject: Subject, debian: Image, tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A campaign in a container that never becomes ready."""
    runtime = () if subject.choice.runtime is None else ("--runtime", subject.choice.runtime)
    words = ["--engine", subject.name, *runtime, "-o", str(tmp_path), "--ready-log", "never"]
    command = [sys.executable, "-m", "beacon", "profile", *words, DEBIAN, *_SLEEP]
    log = (tmp_path / "log").open("wb")
    with log, subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True) as process:
        yield process
        process.kill()


def _containers(subject: Subject, maker: int) -> list[str]:
    listed = subject.run("ps", "-a", "--format", "{{.Names}} {{.Labels}}")
    return [line for line in listed.splitlines() if f"-{maker}-" in line]


def _wait(subject: Subject, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + 60
    while not _containers(subject, process.pid):
        assert process.poll() is None
        assert time.monotonic() < end
        time.sleep(0.2)


@pytest.mark.needs("command line")
@pytest.mark.alone
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_leaves_nothing(
    subject: Subject, command: subprocess.Popen[bytes], number: int
) -> None:
    volumes = _made(subject)
    _wait(subject, command)
    os.killpg(command.pid, number)
    assert command.wait(60) != 0
    assert _containers(subject, command.pid) == []
    assert _made(subject) <= volumes
    assert _of_services(command.pid) == []


@pytest.mark.needs("command line")
@pytest.mark.alone
def test_what_a_kill_leaves_is_swept(
    engine: Engine, subject: Subject, command: subprocess.Popen[bytes]
) -> None:
    _wait(subject, command)
    left = _containers(subject, command.pid)
    command.kill()
    command.wait(60)
    removed = engine.sweep().removed
    assert {f"container {line.split()[0]}" for line in left} <= set(removed)
    assert _containers(subject, command.pid) == []
    assert _of_services(command.pid) == []
    subprocess.run([sys.executable, "-m", "beacon", "clean"], check=True, capture_output=True)


def _of_services(maker: int) -> list[Path]:
    """Folders of services whose BeaCon this was."""
    owners = Path("/run").glob("beacon-podman-*/owner")
    return [path.parent for path in owners if f"-{maker}-" in path.read_text()]
