"""The life of a service; tests/engines has it with a real Podman."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from beacon.engines import podman_service
from beacon.engines.interface import EngineUnavailableError
from beacon.engines.podman_service import PodmanService, sweep
from beacon.model.leftovers import Kept
from beacon.process_identity import Fate, identify

#: Listens where it is told to, as `podman system service` does.
_LISTENS = f"""#!{sys.executable}
import socket, sys, time
server = socket.socket(socket.AF_UNIX)
server.bind(sys.argv[-1].removeprefix("unix://"))
server.listen()
open({{words!r}}, "w").write(" ".join(sys.argv[1:-1]))
time.sleep(60)
"""


@pytest.fixture
def podman(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[str], None]:
    """Puts a program in Podman's place, on a host with one version of cgroups, for root."""
    monkeypatch.setattr(podman_service, "one_version", tuple)
    monkeypatch.setattr(podman_service, "_RUN", tmp_path)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")

    def place(script: str) -> None:
        (tmp_path / "podman").write_text(script)
        (tmp_path / "podman").chmod(0o755)

    return place


def test_it_begins_and_ends(podman: Callable[[str], None], tmp_path: Path) -> None:
    words = tmp_path / "words"
    podman(_LISTENS.replace("{words!r}", repr(str(words))))
    service = PodmanService("crun")
    assert service.address == f"unix://{service.folder}/socket"
    assert sweep().kept == ()  # it is our own
    service.stop()
    assert not service.folder.exists()
    assert words.read_text() == "--cgroup-manager cgroupfs --runtime crun system service --time 0"


def test_it_ends_with_a_beacon_that_is_killed(
    podman: Callable[[str], None], tmp_path: Path
) -> None:
    podman(_LISTENS.replace("{words!r}", repr(str(tmp_path / "words"))))
    program = (
        "import os, time; from pathlib import Path; from beacon.engines import podman_service as p;"
        f"p._RUN = Path({str(tmp_path)!r}); p.one_version = tuple; os.geteuid = lambda: 0;"
        "print(p.PodmanService()._process.pid, flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as killed:
        assert killed.stdout is not None
        service = int(killed.stdout.readline())
        killed.kill()
    end = time.monotonic() + 10
    while Path(f"/proc/{service}").exists() and not _is_zombie(service):
        assert time.monotonic() < end
        time.sleep(0.02)
    (removed,) = sweep().removed
    assert removed.startswith(f"folder {tmp_path}/beacon-podman-")
    assert not list(tmp_path.glob("beacon-podman-*"))


def _is_zombie(pid: int) -> bool:
    # Nobody may wait for it where process 1 is no init.
    return " Z " in Path(f"/proc/{pid}/stat").read_text()


def test_what_it_says_when_it_does_not_begin(podman: Callable[[str], None], tmp_path: Path) -> None:
    podman("#!/bin/sh\necho starting >&2\nprintf 'no \\033[31mway\\n\\n' >&2\nexit 125")
    with pytest.raises(EngineUnavailableError, match=r"does not start \(no \\x1b\[31mway\): see"):
        PodmanService()
    assert not list(tmp_path.glob("beacon-podman-*"))


def test_without_podman_or_root(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    with pytest.raises(EngineUnavailableError, match="Podman is not installed"):
        PodmanService()
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(EngineUnavailableError, match="without root"):
        PodmanService()


def test_folders_of_the_living_and_of_strangers_stay(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(podman_service, "_RUN", tmp_path)
    for name in ("a", "b"):
        (tmp_path / f"beacon-podman-{name}").mkdir()
    (tmp_path / "beacon-podman-a" / "owner").write_text(str(identify(1)))
    found = sweep()
    assert found.removed == ()
    assert found.kept == (
        Kept(f"folder {tmp_path}/beacon-podman-a", Fate.ALIVE),
        Kept(f"folder {tmp_path}/beacon-podman-b", Fate.UNKNOWN),
    )
    assert len(sweep(everything=True).removed) == 2


def test_limits_are_named_where_they_may_not_be_raised(
    podman: Callable[[str], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    podman(_LISTENS.replace("{words!r}", repr(str(tmp_path / "words"))))
    service = PodmanService()
    try:
        monkeypatch.setattr(podman_service, "_may_raise_limits", lambda: True)
        assert service.limits() == {}
        monkeypatch.setattr(podman_service, "_may_raise_limits", lambda: False)
        hard = {resource.RLIMIT_NOFILE: 1000, resource.RLIMIT_NPROC: resource.RLIM_INFINITY}
        monkeypatch.setattr(resource, "prlimit", lambda _, each: (hard[each], hard[each]))
        assert service.limits() == {"nofile": 1000}
    finally:
        service.stop()
