"""A CRI runtime that is there already, named by CONTAINER_RUNTIME_ENDPOINT: a node's containerd."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from beacon.engines.choose import CRI_ENDPOINT, EngineChoice, open_chosen
from beacon.engines.cri_client import CriClient, messages
from beacon.engines.cri_containerd import _pause_image, _write_network
from beacon.engines.cri_options import sandbox_config
from beacon.engines.cri_sandbox import remove_sandbox
from beacon.engines.interface import (
    OWNER_LABEL,
    SESSION_LABEL,
    Enforcement,
    Engine,
    Image,
    NotReadyError,
    Readiness,
)
from beacon.model.launch import Launch
from beacon.monitor.cgroup import remove_tree
from beacon.process_identity import identify
from engines.conftest import PARENT
from engines.subjects import DEBIAN

_SLEEP = ("sleep", "600")
_CONFIG = """
version = 2
root = "{0}/root"
state = "{0}/state"
disabled_plugins = ["io.containerd.internal.v1.opt"]
[grpc]
address = "{0}/c.sock"
[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "beacon.invalid/pause:1"
restrict_oom_score_adj = true
netns_mounts_under_state_dir = true
[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "/usr/lib/cni"
conf_dir = "{0}/network"
"""


@pytest.fixture(scope="module")
def socket() -> Iterator[Path]:
    """That of a containerd in this host's namespaces, as on a node, with an image."""
    folder = Path(tempfile.mkdtemp(prefix="cri-test-", dir="/var/tmp"))
    path = folder / "c.sock"
    (folder / "config.toml").write_text(_CONFIG.format(folder))
    (folder / "pause.tar").write_bytes(_pause_image())
    _write_network(folder / "network", folder / "leases")
    command = ["containerd", "--config", str(folder / "config.toml")]
    log = (folder / "log").open("wb")
    with log, subprocess.Popen(command, stdout=log, stderr=log) as containerd:
        try:
            end = time.monotonic() + 30
            while not path.exists():
                assert containerd.poll() is None
                assert time.monotonic() < end
                time.sleep(0.1)
            _ctr(path, "images", "import", str(folder / "pause.tar"))
            archive = folder / "debian.tar"
            subprocess.run(["docker", "save", "-o", str(archive), DEBIAN], check=True)
            _ctr(path, "images", "import", str(archive))
            yield path
            assert _sandboxes(path) == []
        finally:
            for name in _sandboxes(path):
                remove_sandbox(CriClient(path), name)
            containerd.terminate()
            containerd.wait(30)
    shutil.rmtree(folder)
    for left in Path("/sys/fs/cgroup").glob(f"*{PARENT}"):
        remove_tree(left)


def _ctr(path: Path, *words: str) -> str:
    command = ["ctr", "--address", str(path), "--namespace", "k8s.io", *words]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def _sandboxes(path: Path) -> list[str]:
    client = CriClient(path)
    answer = client.call(client.runtime.ListPodSandbox, messages.ListPodSandboxRequest())
    client.close()
    return [each.id for each in answer.items]


@pytest.fixture
def engine(socket: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    monkeypatch.setenv(CRI_ENDPOINT, f"unix://{socket}")
    engine = open_chosen(EngineChoice("cri"))
    yield engine
    engine.close()


@pytest.fixture
def debian(engine: Engine) -> Image:
    return engine.image(DEBIAN)


def test_a_life(engine: Engine, debian: Image) -> None:
    launch = Launch(command=_SLEEP, tmpfs=("/t:size=1m",), volumes=("@new:/d",))
    made = engine.create(debian, launch, Enforcement(), cgroup_parent=PARENT)
    with made as container:
        container.start()
        container.wait_ready(Readiness(stable=0.1, timeout=30))
        assert Path(f"/proc/{container.pid()}/exe").readlink() == Path("/usr/bin/sleep")
        assert container.exec(["sh", "-c", "touch /t/x /d/y && stat -c %a /t"]) == (0, "1777")
        assert container.file_capabilities("/bin/sh") == 0
        assert _mounted()
    assert _mounted() == []


def _mounted() -> list[str]:
    lines = Path("/proc/self/mounts").read_text().splitlines()
    return [line for line in lines if "/beacon-cri-" in line]


def test_an_abort_ends_a_wait(engine: Engine, debian: Image) -> None:
    launch = Launch(command=_SLEEP)
    with engine.create(debian, launch, Enforcement(), cgroup_parent=PARENT) as container:
        container.start()
        threading.Timer(0.3, engine.abort).start()
        with pytest.raises(NotReadyError):
            container.wait_ready(Readiness(log_line="never", timeout=60))


def test_files_of_an_image_leave_no_snapshot(engine: Engine, debian: Image, socket: Path) -> None:
    with engine.files(debian) as file:
        assert file.read(1 << 20)
    # Those of containers go when the runtime finds the time.
    assert "beacon-cri-" not in _ctr(socket, "snapshots", "ls")


def test_what_a_dead_maker_left_is_swept(engine: Engine, socket: Path, tmp_path: Path) -> None:
    client = CriClient(socket)
    made: list[str] = []
    dead = str(replace(identify(), pid=(1 << 22) - 1))
    for labels in ({SESSION_LABEL: "t", OWNER_LABEL: dead}, {}):
        name = f"beacon-{len(made)}"
        config = sandbox_config(name, Launch(), labels, tmp_path, "")
        request = messages.RunPodSandboxRequest(config=config)
        made.append(client.call(client.runtime.RunPodSandbox, request).pod_sandbox_id)
    try:
        command = [sys.executable, "-m", "beacon", "clean"]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        assert "sandbox beacon-0" in done.stdout
        assert _sandboxes(socket) == made[1:]  # a stranger's stays
    finally:
        remove_sandbox(client, made[1])


def test_a_container_of_a_node_is_watched(engine: Engine, debian: Image, tmp_path: Path) -> None:
    denying = json.dumps(
        {
            "defaultAction": "SCMP_ACT_ALLOW",
            "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO"}],
        }
    )
    launch = Launch(command=_SLEEP)
    with engine.create(debian, launch, Enforcement(denying), cgroup_parent=PARENT) as container:
        container.start()
        found = engine.existing(container.id)
        assert (found.seccomp, found.launch.command) == (denying, ("600",))
        words = ["watch", "--engine", "cri", "--for", "8", container.id]
        command = [sys.executable, "-m", "beacon", *words]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as watch:
            assert watch.stderr is not None
            assert b"Watching" in watch.stderr.readline()
            container.exec(["mkdir", "/y"])
            said, errors = watch.communicate(timeout=60)
        assert watch.returncode == 10, errors
        assert b"denied: mkdir, 1 time, by mkdir" in said
