"""What only the engine cri has: sandboxes, Pods, a containerd of its own, and refusals by name."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from beacon.engines.choose import EngineChoice, open_chosen
from beacon.engines.interface import (
    Container,
    Enforcement,
    Engine,
    Image,
    NotSupportedError,
    Readiness,
    RefusedError,
)
from beacon.model.launch import POD_ADDRESS, Launch, MadeNetwork
from beacon.monitor.cgroup import remove_tree
from engines.subjects import DEBIAN

_SLEEP = ("sleep", "600")
#: Of this process alone: what is in it is counted.
_PARENT = f"/beacon-cri-tests-{os.getpid()}"
_SOON = Readiness(stable=0.1, timeout=30)


@pytest.fixture(scope="module")
def cri() -> Iterator[Engine]:
    engine = open_chosen(EngineChoice("cri"))
    yield engine
    engine.close()
    for folder in Path("/sys/fs/cgroup").glob(f"*{_PARENT}"):
        remove_tree(folder)


@pytest.fixture(scope="module")
def image(cri: Engine) -> Image:
    return cri.image(DEBIAN)


def _create(cri: Engine, image: Image, launch: Launch) -> Container:
    return cri.create(image, launch, Enforcement(), cgroup_parent=_PARENT)


@pytest.mark.parametrize(
    ("launch", "word"),
    [
        (Launch(init=True), "--init"),
        (Launch(restart="always"), "--restart"),
        (Launch(ulimit=("nofile=1",)), "--ulimit"),
        (Launch(network="none"), "--network none"),
        (Launch(group_add=("daemon",)), "--group-add"),
        (Launch(volumes=("named:/x",)), "named:/x"),
        (Launch(seccomp='{"archMap": []}'), "archMap"),
    ],
)
def test_what_no_pod_has_is_refused_by_name(
    cri: Engine, image: Image, launch: Launch, word: str
) -> None:
    with pytest.raises(NotSupportedError, match=word):
        _create(cri, image, launch)


def test_what_cri_cannot_do_is_refused_by_name(cri: Engine, image: Image) -> None:
    with _create(cri, image, Launch(command=_SLEEP)) as container:
        container.start()
        container.wait_ready(_SOON)
        with pytest.raises(NotSupportedError, match="pause"):
            container.freeze(1, threading.Event())
        with pytest.raises(NotSupportedError, match="disconnect"):
            container.disconnect(1, threading.Event())
        with pytest.raises(NotSupportedError, match="another user"):
            container.exec(["id"], user="33")
        assert container.running()


def test_only_the_container_is_below_the_watched_cgroup(cri: Engine, image: Image) -> None:
    with _create(cri, image, Launch(command=_SLEEP)) as container:
        container.start()
        container.wait_ready(_SOON)
        processes = set()
        for file in Path("/sys/fs/cgroup").glob(f"*{_PARENT}/**/cgroup.procs"):
            processes |= {int(line) for line in file.read_text().split()}
        assert processes == {container.pid()}


def test_new_volumes_and_memory_go_with_the_container(cri: Engine, image: Image) -> None:
    launch = Launch(command=_SLEEP, volumes=("@new:/data", "/anonymous"), shm_size="32m")
    before = _runs(cri)
    with _create(cri, image, launch) as container:
        container.start()
        container.wait_ready(_SOON)
        assert container.exec(["sh", "-c", "touch /data/x /anonymous/y"])[0] == 0
        _, mounts = container.exec(["cat", "/proc/1/mounts"])
        assert "size=32768k" in next(each for each in mounts.splitlines() if " /dev/shm " in each)
        assert _runs(cri) > before
    assert _runs(cri) == before


def _runs(cri: Engine) -> set[Path]:
    return set(cri._folder.path.glob("runs/*"))  # type: ignore[attr-defined]


def test_no_link_of_a_container_leads_out(cri: Engine, image: Image) -> None:
    """A file with a capability of this host is not seen through a link of the container."""
    script = "ln -s /proc/1/root/etc/passwd /out; ln -s ../../../../etc/passwd /up; sleep 600"
    with _create(cri, image, Launch(command=("sh", "-c", script))) as container:
        container.start()
        container.wait_ready(_SOON)
        assert container.file_capabilities("/out") == 0
        assert container.file_capabilities("/up") == 0


def test_a_subpath_does_not_leave_its_volume(cri: Engine, image: Image) -> None:
    with cri.place(["data"], Launch(network="bridge")) as place:
        (place.folders["data"] / "link").symlink_to("/etc")
        given = Launch(command=_SLEEP, volumes=("data:/x:subpath=link",), network=MadeNetwork.POD)
        with pytest.raises(RefusedError, match="leads out"):
            _create(cri, image, place.launch(given))


def test_containers_of_a_pod_share_what_it_has(cri: Engine, image: Image) -> None:
    pod = Launch(
        network="bridge", hostname="web", pid="pod", dns_search=("a.test",), dns_option=("ndots:5",)
    )
    with cri.place(["data", "memory"], pod, {"memory": "size=1m,mode=0777"}) as place:
        (place.folders["memory"] / "given").write_text("kept\n")
        common = Launch(command=_SLEEP, network=MadeNetwork.POD, pid="pod")
        one = place.launch(
            _with(common, volumes=("data:/d", "memory:/m:ro"), env=(f"IP={POD_ADDRESS}",))
        )
        other = place.launch(_with(common, volumes=("data:/d",)))
        with _create(cri, image, one) as first, _create(cri, image, other) as second:
            first.start()
            second.start()
            assert first.address() == second.address()
            assert first.env()["IP"] == first.address()
            assert first.exec(["sh", "-c", "hostname; cat /m/given; touch /d/x"]) == (
                0,
                "web\nkept",
            )
            assert second.exec(["test", "-e", "/d/x"])[0] == 0
            # The sandbox's own process is the first of both.
            assert second.exec(["sh", "-c", "cat /proc/[0-9]*/comm"])[1].split().count("sleep") == 2
            _, resolver = first.exec(["cat", "/etc/resolv.conf"])
            assert "search a.test" in resolver
            assert "options ndots:5" in resolver
            assert f"{first.address()}\\tweb" in first.exec(["cat", "/etc/hosts"])[1]


def _with(launch: Launch, **changes: object) -> Launch:
    return msgspec.structs.replace(launch, **changes)


def test_an_archive_is_an_image(cri: Engine, image: Image, tmp_path: Path) -> None:
    archive = tmp_path / "debian.tar"
    subprocess.run(["docker", "save", "-o", str(archive), DEBIAN], check=True)
    found = cri.image(f"docker-archive:{archive}")
    assert found.id == image.id
    assert found.command == image.command


# --- the end --------------------------------------------------------------------------------------


@pytest.fixture
def command(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A campaign in a container that never becomes ready."""
    words = ["--engine", "cri", "-o", str(tmp_path), "--ready-log", "never", DEBIAN, *_SLEEP]
    command = [sys.executable, "-m", "beacon", "profile", *words]
    log = (tmp_path / "log").open("wb")
    with log, subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True) as process:
        yield process
        process.kill()


@pytest.mark.alone
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_an_end_leaves_no_process_mount_or_file(
    command: subprocess.Popen[bytes], number: int
) -> None:
    folder = _folder_of(command)
    links = _links()
    _until(lambda: bool(_below(folder, "sleep")), command)
    if number == signal.SIGKILL:
        command.kill()
    else:
        os.killpg(command.pid, number)
    assert command.wait(60) != 0
    _until(lambda: not _below(folder, ""))
    assert not [
        line for line in Path("/proc/self/mounts").read_text().splitlines() if str(folder) in line
    ]
    if number == signal.SIGKILL:
        done = subprocess.run(
            [sys.executable, "-m", "beacon", "clean"], capture_output=True, text=True, check=True
        )
        assert str(folder) in done.stdout
    assert not folder.exists()
    _until(lambda: _links() <= links)


def _folder_of(command: subprocess.Popen[bytes]) -> Path:
    def found() -> list[Path]:
        owners = Path(os.environ.get("TMPDIR") or "/var/tmp").glob("beacon-cri-*/owner")
        return [each.parent for each in owners if f"-{command.pid}-" in each.read_text()]

    _until(lambda: bool(found()), command)
    return found()[0]


def _below(folder: Path, word: str) -> list[int]:
    """The processes that see the folder's mounts, or are called with its path."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (
                (process / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
            )
            mounts = (process / "mountinfo").read_text("utf-8", "replace")
        except OSError:
            continue
        if str(folder) in words + mounts and word in words:
            found.append(int(process.name))
    return found


def _links() -> set[str]:
    found = json.loads(
        subprocess.run(["ip", "-json", "link"], capture_output=True, check=True).stdout
    )
    return {each["ifname"] for each in found}


def _until(holds: object, process: subprocess.Popen[bytes] | None = None) -> None:
    end = time.monotonic() + 90
    while not holds():  # type: ignore[operator]
        assert process is None or process.poll() is None
        assert time.monotonic() < end
        time.sleep(0.2)
