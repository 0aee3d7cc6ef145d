"""The Docker engine against a real one."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from beacon.engines.docker import DockerEngine
from beacon.engines.docker_container import DockerContainer
from beacon.engines.interface import (
    OWNER_LABEL,
    SESSION_LABEL,
    Container,
    Enforcement,
    Image,
    ImageNotFoundError,
    NotReadyError,
    Readiness,
    RefusedError,
)
from beacon.model.launch import Launch
from beacon.process_identity import identify

_PARENT = "/beacon-engine-tests"
_SOON = Readiness(stable=0.1, timeout=20)


@pytest.fixture(scope="module")
def engine() -> Iterator[DockerEngine]:
    engine = DockerEngine()
    yield engine
    engine.close()
    # runc removes a container's own cgroup, but not the parent that it made on the way.
    for folder in Path("/sys/fs/cgroup").glob(f"*{_PARENT}"):
        folder.rmdir()


def _image(engine: DockerEngine, reference: str) -> Image:
    try:
        return engine.image(reference)
    except ImageNotFoundError:
        pytest.fail(f"{reference} is missing: run script/images")


@pytest.fixture(scope="module")
def debian(engine: DockerEngine) -> Image:
    return _image(engine, "debian:bookworm-slim")


@pytest.fixture(scope="module")
def nginx(engine: DockerEngine) -> Image:
    return _image(engine, "beacon/nginx")


def _create(
    engine: DockerEngine,
    image: Image,
    *command: str,
    launch: Launch | None = None,
    enforcement: Enforcement | None = None,
) -> Container:
    launch = launch or Launch(command=command)
    return engine.create(image, launch, enforcement or Enforcement(), cgroup_parent=_PARENT)


def _status(container: Container, field: str) -> str:
    _, text = container.exec(["cat", "/proc/1/status"])
    line = next(line for line in text.splitlines() if line.startswith(f"{field}:"))
    return line.removeprefix(f"{field}:").removeprefix("\\t")


def test_facts(engine: DockerEngine) -> None:
    facts = engine.facts()
    assert facts.name == "docker"
    assert facts.version[0].isdigit()
    assert facts.runtime.startswith("runc ")
    assert facts.cgroup_driver in ("cgroupfs", "systemd")
    assert facts.seccomp


def test_images(engine: DockerEngine, debian: Image, nginx: Image) -> None:
    assert debian.ports == ()
    assert debian.id.startswith("sha256:")
    assert (nginx.ports, nginx.stop_signal) == ((80,), "SIGQUIT")
    with pytest.raises(ImageNotFoundError, match="No image 'beacon/none:such'"):
        engine.image("beacon/none:such")
    with pytest.raises(ImageNotFoundError, match="NOT VALID"):
        engine.image("NOT VALID")


def test_a_life(engine: DockerEngine, debian: Image) -> None:
    script = "trap 'echo bye; exit 7' TERM; echo hi; while :; do sleep 0.05; done"
    with _create(engine, debian, "sh", "-c", script) as container:
        assert (container.running(), container.exit_code()) == (False, None)
        container.start()
        assert container.wait_ready(_SOON) == "it lived for 0.1 s"
        assert (container.running(), container.exit_code()) == (True, None)
        assert container.address()
        assert container.stop(10) == 7
        assert (container.running(), container.exit_code()) == (False, 7)
        assert container.logs() == "hi\nbye"
        assert container.logs(1) == "bye"
    container.remove()
    with pytest.raises(RefusedError, match="No such container"):
        container.running()


def test_a_deaf_container_is_killed(engine: DockerEngine, debian: Image) -> None:
    with _create(engine, debian, "sleep", "600") as container:
        container.start()
        assert container.stop(0.2) == 137


def test_signals(engine: DockerEngine, debian: Image) -> None:
    script = "trap 'exit 9' HUP; echo set; while :; do sleep 0.05; done"
    with _create(engine, debian, "sh", "-c", script) as container:
        container.start()
        container.wait_ready(Readiness(log_line="set", timeout=20))
        container.signal("SIGHUP")
        with pytest.raises(NotReadyError, match="code 9"):
            container.wait_ready(Readiness(stable=10))
        with pytest.raises(RefusedError, match="is not running"):
            container.signal("SIGHUP")


@pytest.mark.parametrize("network", [None, "host", "none"])
def test_nginx_listens(engine: DockerEngine, nginx: Image, network: str | None) -> None:
    with _create(engine, nginx, launch=Launch(network=network)) as container:
        container.start()
        ready = container.wait_ready(Readiness(ports=nginx.ports, timeout=30))
        assert ready == "port 80 listens"
        address = container.address()
        assert address == {"host": "127.0.0.1", "none": None}.get(network or "", address)
        assert (address is None) == (network == "none")


def test_somebody_elses_port_is_no_evidence(
    engine: DockerEngine, debian: Image, nginx: Image
) -> None:
    host = Launch(network="host")
    sleeper = Launch(network="host", command=("sleep", "600"))
    with (
        _create(engine, nginx, launch=host) as other,
        _create(engine, debian, launch=sleeper) as container,
    ):
        other.start()
        other.wait_ready(Readiness(ports=(80,), timeout=30))
        container.start()
        with pytest.raises(NotReadyError, match="does not listen on port 80"):
            container.wait_ready(Readiness(ports=(80,), timeout=1))


def test_log_lines(engine: DockerEngine, debian: Image) -> None:
    with _create(engine, debian, "sh", "-c", "sleep 0.3; echo all set >&2; sleep 600") as container:
        container.start()
        ready = container.wait_ready(Readiness(log_line="all s", ports=(1,), timeout=20))
        assert ready == 'its log says "all s"'


def test_an_end_before_the_log_line(engine: DockerEngine, debian: Image) -> None:
    with _create(engine, debian, "sh", "-c", "sleep 0.3; exit 4") as container:
        container.start()
        with pytest.raises(NotReadyError, match="exited with code 4") as failure:
            container.wait_ready(Readiness(log_line="never", timeout=20))
        assert failure.value.exited


def test_a_silent_or_endless_log_ends_in_time(engine: DockerEngine, debian: Image) -> None:
    for command in (("sleep", "600"), ("yes",)):
        with _create(engine, debian, *command) as container:
            container.start()
            started = time.monotonic()
            with pytest.raises(NotReadyError):
                container.wait_ready(Readiness(log_line="never", timeout=1))
            assert time.monotonic() - started < 5
            assert len(container.logs()) < 1000


def test_exec(engine: DockerEngine, debian: Image) -> None:
    with _create(engine, debian, "sleep", "600") as container:
        container.start()
        assert container.exec(["sh", "-c", "printf 'a\\033\\nb\\n'; exit 3"]) == (3, "a\\x1b\nb")
        assert container.exec(["no-such-program"])[0] in (126, 127)
        assert container.exec(["sleep", "60"], timeout=0.5) == (124, "")
        code, text = container.exec(["yes"], timeout=0.5)
        assert (code, len(text) <= 64 << 10) == (124, True)


def test_no_filter_asked_for_is_still_a_filter(engine: DockerEngine, debian: Image) -> None:
    # A new user namespace is what the engine's own profile denies without CAP_SYS_ADMIN.
    launch = Launch(command=("sleep", "600"), seccomp="unconfined")
    with _create(engine, debian, launch=launch) as container:
        container.start()
        assert _status(container, "Seccomp") == "2"
        assert container.exec(["unshare", "--user", "true"])[0] == 0
    with _create(engine, debian, "sleep", "600") as container:
        container.start()
        assert container.exec(["unshare", "--user", "true"])[0] != 0


def test_enforcement_overrides_the_launch(engine: DockerEngine, debian: Image) -> None:
    launch = Launch(
        command=("sleep", "600"),
        cap_add=("NET_ADMIN",),
        no_new_privileges=True,
        seccomp="unconfined",
    )
    profile = (
        '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": '
        '[{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 99}]}'
    )
    enforcement = Enforcement(seccomp=profile, capabilities=("CAP_CHOWN", "CAP_KILL"))
    with _create(engine, debian, launch=launch, enforcement=enforcement) as container:
        container.start()
        assert int(_status(container, "CapBnd"), 16) == 1 << 0 | 1 << 5
        assert _status(container, "NoNewPrivs") == "1"
        assert "Cannot assign requested address" in container.exec(["mkdir", "/x"])[1]


def test_launch_options_reach_the_process(engine: DockerEngine, debian: Image) -> None:
    launch = Launch(
        entrypoint="/bin/sh",
        command=("-c", 'echo "$A $(id -u) $PWD"; grep " /t " /proc/mounts; cat /proc/1/cgroup'),
        env=("A=1 2",),
        user="33",
        workdir="/tmp",
        tmpfs=("/t:size=1m",),
    )
    with _create(engine, debian, launch=launch) as container:
        container.start()
        with pytest.raises(NotReadyError, match="code 0"):
            container.wait_ready(_SOON)
        log = container.logs(40)
    assert log.startswith("1 2 33 /tmp\n")
    assert "size=1024k" in log


def test_the_cgroup_parent_is_ours(engine: DockerEngine, debian: Image) -> None:
    with _create(engine, debian, "sleep", "600") as container:
        container.start()
        assert isinstance(container, DockerContainer)
        cgroup = Path(f"/proc/{container.state().pid}/cgroup").read_text("ascii")
        assert f"{_PARENT}/{container.id}\n" in cgroup


@pytest.mark.parametrize(
    ("launch", "words"),
    [
        (Launch(command=("no-such-program",)), "no-such-program"),
        (Launch(user="nobody-such"), "nobody-such"),
        (Launch(network="no-such-network"), "no-such-network"),
        (Launch(cap_add=("NO_SUCH",)), "NO_SUCH"),
        (Launch(seccomp="{"), "seccomp"),
        (Launch(volumes=("a:b:c:d",)), "volume"),
    ],
)
def test_refusals(engine: DockerEngine, debian: Image, launch: Launch, words: str) -> None:
    with (
        pytest.raises(RefusedError, match=f"refused: .*{words}"),
        _create(engine, debian, launch=launch) as container,
    ):
        container.start()


@pytest.mark.alone
def test_many_at_once(engine: DockerEngine, debian: Image) -> None:
    def live(number: int) -> str:
        with _create(engine, debian, "sh", "-c", f"echo {number}; sleep 600") as container:
            container.start()
            container.wait_ready(Readiness(log_line=str(number), timeout=60))
            return container.exec(["echo", str(number)])[1]

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(live, range(8))) == [str(number) for number in range(8)]


def test_abort_ends_a_wait(engine: DockerEngine, debian: Image) -> None:
    aborted = DockerEngine()
    with _create(aborted, debian, "sleep", "600") as container:
        container.start()
        timer = threading.Timer(0.5, aborted.abort)
        timer.start()
        started = time.monotonic()
        with pytest.raises((RefusedError, NotReadyError)):
            container.wait_ready(Readiness(log_line="never", timeout=60))
        timer.join()
        assert time.monotonic() - started < 20
    aborted.close()


def _docker(*arguments: str) -> str:
    command = ["docker", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def test_anonymous_volumes_go_with_their_container(engine: DockerEngine, debian: Image) -> None:
    with _create(engine, debian, launch=Launch(volumes=("/data",))) as container:
        mounts = _docker("inspect", "-f", "{{range .Mounts}}{{.Name}}{{end}}", container.id)
        assert mounts in _docker("volume", "ls", "-q").split()
    assert mounts not in _docker("volume", "ls", "-q").split()


@pytest.mark.alone
def test_sweep(engine: DockerEngine, debian: Image) -> None:
    dead = replace(identify(), pid=(1 << 22) - 1)
    label = ["--label", f"{SESSION_LABEL}=t", "--label", f"{OWNER_LABEL}={dead}"]
    _docker("create", "--name", "beacon-00000000deadbeef", *label, debian.id, "true")
    _docker("network", "create", *label, "beacon-00000000000dead1")
    _docker("volume", "create", *label, "beacon-00000000000dead2")
    stranger = _docker("create", "--name", "engine-test-stranger", *label, debian.id, "true")
    try:
        with _create(engine, debian, "sleep", "600") as container:
            removed = engine.sweep().removed
            assert not container.running()
            assert {
                "container beacon-00000000deadbeef",
                "network beacon-00000000000dead1",
                "volume beacon-00000000000dead2",
            } <= set(removed)
        assert stranger in _docker("ps", "-aq", "--no-trunc").split()
    finally:
        _docker("rm", "-f", stranger)
