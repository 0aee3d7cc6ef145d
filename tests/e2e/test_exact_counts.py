"""The test program in a container, beside another container and a busy host process."""

from __future__ import annotations

import io
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from beacon.engines.docker import DockerEngine
from beacon.engines.interface import Container, Enforcement
from beacon.model.event import Phase
from beacon.model.launch import Launch
from beacon.model.observation import Observation
from beacon.monitor.kernel import KernelMonitor
from e2e.commands import docker
from kernel.harness import compile_primes, own, until
from kernel.sums import denied, entered

pytestmark = pytest.mark.alone

IMAGE = "beacon-primes:test"
EXPECTED = {
    **{"getppid": 101, "getpgid": 13, "getsid": 17, "gettid": 19, "getpriority": 23},
    **{"wait4": 1, "clone": 2, "exit": 1, "unshare": 1, "exit_group": 2},
    "i386:getuid32": 29,
}
BESIDE = {"vfork": 1, "geteuid": 53, "wait4": 1, "exit_group": 2}


@pytest.fixture(scope="module")
def primes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    path = compile_primes(tmp_path_factory.mktemp("primes") / "primes")
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        tar.add(path, "primes")
    command = ["docker", "import", "-", IMAGE]
    subprocess.run(command, input=archive.getvalue(), capture_output=True, check=True)
    yield path
    docker("rmi", "--force", IMAGE, check=False)


def finish(container: Container) -> None:
    until(lambda: not container.running())
    assert container.exit_code() == 0, container.logs()


@pytest.fixture(scope="module")
def observed(primes: Path) -> tuple[Observation, Observation]:
    """What was seen of the container and of the one beside it."""
    engine = DockerEngine()
    image = engine.image(IMAGE)
    parts = ("plain", "child", "thread", "unshared", "i386")
    first = Launch(command=("/primes", *parts), cap_add=("SYS_ADMIN",))
    second = Launch(command=("/primes", "vforked"))
    busy = subprocess.Popen([primes, "forever"])
    try:
        with (
            closing(KernelMonitor()) as monitor,
            monitor.watch(own("one")) as one,
            monitor.watch(own("two")) as two,
            engine.create(image, first, Enforcement(), cgroup_parent=one.cgroup_parent) as a,
            engine.create(image, second, Enforcement(), cgroup_parent=two.cgroup_parent) as b,
        ):
            a.start()
            b.start()
            finish(a)
            finish(b)
            return one.snapshot(), two.snapshot()
    finally:
        busy.kill()
        busy.wait()


def test_every_call_is_counted_exactly(observed: tuple[Observation, Observation]) -> None:
    assert entered(observed[0], Phase.START) == EXPECTED


def test_the_container_beside_has_its_own_counts(
    observed: tuple[Observation, Observation],
) -> None:
    assert entered(observed[1], Phase.START) == BESIDE


def test_nothing_is_denied_nor_lost(observed: tuple[Observation, Observation]) -> None:
    for seen in observed:
        assert denied(seen, Phase.START) == {}
        assert denied(seen, Phase.RUNTIME) == {}
        assert seen.losses == ()


def test_the_runtime_is_told_apart(observed: tuple[Observation, Observation]) -> None:
    for seen in observed:
        runtime = entered(seen, Phase.RUNTIME)
        assert runtime["execve"] >= 1
        assert {"capset", "prctl"} <= set(runtime)
        assert not {"getsid", "vfork", "i386:getuid32"} & set(runtime)
