"""What is started around a container of a Pod, with an engine without containers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from beacon.campaign.pod_life import PodLife, check_pod, pod_life
from beacon.engines.care import Care, Handler
from beacon.engines.interface import Image, Place, RefusedError
from beacon.engines.tended import Tended
from beacon.errors import UsageError
from beacon.model.launch import Launch, MadeNetwork
from beacon.pod.interface import Pod, PodContainer, PodError, PodFile, PodVolume, Role
from fakes import IMAGE

_IMAGE = replace(IMAGE, reference="i", ports=())
_LAUNCH = Launch(network=MadeNetwork.POD, hostname="web")


class _Container:
    def __init__(self, engine: _Engine, name: str) -> None:
        self._engine, self._name = engine, name
        self.id = name

    def start(self) -> None:
        self._engine.done.append(f"start {self._name}")

    def running(self) -> bool:
        return False

    def exit_code(self) -> int:
        return self._engine.codes.get(self._name, 0)

    def wait_ready(self, readiness: object) -> str:
        self._engine.done.append(f"wait {self._name}")
        return ""

    def logs(self, lines: int) -> str:
        return "its last line"

    def remove(self) -> None:
        self._engine.done.append(f"remove {self._name}")

    def __enter__(self) -> _Container:
        return self

    def __exit__(self, *_: object) -> None:
        self.remove()


class _Engine:
    def __init__(self, folder: Path, codes: Mapping[str, int] | None = None) -> None:
        self.folder, self.codes = folder, codes or {}
        self.done: list[str] = []
        self.pods: list[Launch] = []
        self.launches: dict[str, Launch] = {}

    @contextmanager
    def place(
        self, volumes: Sequence[str], pod: Launch, memory: Mapping[str, str]
    ) -> Iterator[Place]:
        self.pods.append(pod)
        folders = {name: self.folder / name for name in volumes}
        for each in folders.values():
            each.mkdir()
        yield Place("@sandbox:1", {name: str(path) for name, path in folders.items()}, folders)
        self.done.append("remove the sandbox")

    def create(self, image: Image, launch: Launch, *_: object, **__: object) -> _Container:
        (name,) = launch.network_alias
        self.launches[name] = launch
        return _Container(self, name)

    def image(self, reference: str) -> Image:
        return _IMAGE


class _Lab:
    def __init__(self, engine: _Engine) -> None:
        self.engine = engine

    def proceed(self) -> None:
        pass


def _container(name: str, role: Role = Role.MAIN, **changes: Any) -> PodContainer:
    launch = Launch(network=MadeNetwork.POD, network_alias=(name,), volumes=("data:/d",))
    return PodContainer(name, "i", launch, role, **changes)


_CONTAINERS = (
    _container("first", Role.INIT),
    _container("beside", Role.SIDECAR),
    _container("web"),
    _container("other"),
)


def _life(name: str, **changes: Any) -> PodLife:
    volume = PodVolume("data", None, {"file": PodFile(b"content", 0o640)})
    pod = Pod(Path("p"), "p", _CONTAINERS, Launch(network="bridge"), (volume,), **changes)
    return PodLife(pod, pod.container(name), {each.name: _IMAGE for each in _CONTAINERS})


def _around(life: PodLife, engine: _Engine, launch: Launch = _LAUNCH) -> None:
    lab: Any = _Lab(engine)
    with life.around(lab, launch):
        engine.done.append("run")


def test_the_order_of_a_pod(tmp_path: Path) -> None:
    engine = _Engine(tmp_path)
    _around(_life("web"), engine)
    assert engine.done == [
        *("start first", "start beside", "wait beside", "start other", "run"),
        *("remove other", "remove beside", "remove first", "remove the sandbox"),
    ]
    assert (tmp_path / "data" / "file").read_bytes() == b"content"
    assert engine.launches["first"].volumes == (f"{tmp_path / 'data'}:/d",)
    assert engine.launches["first"].network == "@sandbox:1"


def test_an_init_container_has_only_those_above_it(tmp_path: Path) -> None:
    engine = _Engine(tmp_path)
    _around(_life("beside"), engine)
    assert engine.done[:2] == ["start first", "run"]


def test_what_is_the_sandbox_s_an_environment_changes_for_all(tmp_path: Path) -> None:
    engine = _Engine(tmp_path)
    _around(
        _life("web"), engine, Launch(network=MadeNetwork.POD, pid="pod", dns_option=("ndots:5",))
    )
    (pod,) = engine.pods
    assert (pod.network, pod.pid, pod.dns_option) == ("bridge", "pod", ("ndots:5",))
    assert engine.launches["other"].pid == "pod"


def test_a_volume_that_cannot_be_filled(tmp_path: Path) -> None:
    files = {"a": PodFile(b"x"), "a/b": PodFile(b"y")}
    pod = Pod(Path("p"), "p", _CONTAINERS, Launch(), (PodVolume("data", None, files),))
    life = PodLife(pod, pod.container("web"), {each.name: _IMAGE for each in _CONTAINERS})
    with pytest.raises(RefusedError, match="The volume data cannot be filled"):
        _around(life, _Engine(tmp_path))


def test_an_init_container_that_fails(tmp_path: Path) -> None:
    engine = _Engine(tmp_path, {"first": 3})
    with pytest.raises(RefusedError, match="first beside it failed: It ended with code 3"):
        _around(_life("web"), engine)
    assert engine.done == ["start first", "remove first"]


def test_only_what_is_to_be_done_is_tended() -> None:
    inner: Any = _Container(_Engine(Path()), "web")
    assert _life("web").tended(inner) is inner
    life = _life("web")
    care = Care(pre_stop=Handler(command=("x",)))
    changed = PodLife(life.pod, _container("web", care=care), life.images)
    assert isinstance(changed.tended(inner), Tended)


def test_what_two_pods_share() -> None:
    life = _life("web")
    assert not life.shares(_CONTAINERS[2].launch)
    assert life.shares(Launch(network=MadeNetwork.POD, volumes=("/srv:/d",)))
    assert not life.shares(Launch(network=MadeNetwork.POD, volumes=("/srv:/d:ro",)))
    host = Pod(Path("p"), "p", _CONTAINERS, Launch(network="host"))
    assert PodLife(host, _CONTAINERS[2], {}).shares(_LAUNCH)


def test_no_root_where_the_manifest_says_so(tmp_path: Path) -> None:
    lab: Any = _Lab(_Engine(tmp_path))
    image = _IMAGE
    for user in (None, "0", "web", ":7"):
        launch = Launch(network=MadeNetwork.POD, network_alias=("c",), user=user)
        pod = Pod(Path("p"), "p", (PodContainer("c", "i", launch, non_root=True),))
        with pytest.raises(PodError, match="runAsNonRoot"):
            pod_life(lab, pod, "c", image)
    for own, user in (("", "5"), ("1000:1000", ":7"), ("1000:0", None), (f"{'9' * 5000}", None)):
        image = replace(_IMAGE, user=own)
        launch = Launch(network=MadeNetwork.POD, user=user)
        pod = Pod(Path("p"), "p", (PodContainer("c", "i", launch, non_root=True),))
        assert pod_life(lab, pod, "c", image) is not None
    for own in ("0:7", "000", "web:1000", "٣"):
        image = replace(_IMAGE, user=own)
        launch = Launch(network=MadeNetwork.POD)
        pod = Pod(Path("p"), "p", (PodContainer("c", "i", launch, non_root=True),))
        with pytest.raises(PodError, match="runAsNonRoot"):
            pod_life(lab, pod, "c", image)
    assert pod_life(lab, None, None, _IMAGE) is None


def test_a_policy_of_a_pod_needs_its_manifest() -> None:
    pod = Pod(Path("p"), "p", _CONTAINERS)
    launch = Launch(network=MadeNetwork.POD, network_alias=("web",))
    assert check_pod(launch, pod) == "web"
    assert check_pod(Launch(), None) is None
    with pytest.raises(UsageError, match="name its manifest with --pod"):
        check_pod(launch, None)
    with pytest.raises(UsageError, match="leave out --pod"):
        check_pod(Launch(), pod)


def test_the_image_of_a_run_takes_the_place_of_the_manifest_s(tmp_path: Path) -> None:
    """An update is checked without the image that it replaces, also for whose user it is."""
    asked: list[str] = []
    lab: Any = _Lab(_Engine(tmp_path))

    def beside(reference: str) -> Image:
        asked.append(reference)
        return replace(_IMAGE, id="beside")

    lab.engine.image = beside
    launch = Launch(network=MadeNetwork.POD)
    web = PodContainer("web", "web:1", launch, non_root=True)
    pod = Pod(Path("p"), "p", (web, PodContainer("other", "other:1", launch)))
    update = replace(_IMAGE, reference="web:2", id="update", user="1000")
    life = pod_life(lab, pod, "web", update)
    assert life is not None
    assert asked == ["other:1"]
    assert {name: image.id for name, image in life.images.items()} == {
        "web": "update",
        "other": "beside",
    }
    with pytest.raises(PodError, match="runAsNonRoot"):
        pod_life(lab, pod, "web", replace(update, user="root"))


def test_two_pods_are_run_alike_that_differ_in_their_file_alone() -> None:
    pod = Pod(Path("p"), "p", _CONTAINERS, volumes=(PodVolume("a", None, {"f": PodFile(b"1")}),))
    moved = replace(pod, path=Path("q"))
    other = replace(pod, volumes=(PodVolume("a", None, {"f": PodFile(b"2")}),))
    assert pod.key == moved.key != other.key
