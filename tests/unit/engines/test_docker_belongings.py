"""Copies for jobs, with an engine whose volumes are folders of the test."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest
from docker.errors import NotFound

from beacon.engines import docker_belongings
from beacon.engines.docker_belongings import Belongings
from beacon.engines.file_tree import Budget
from beacon.errors import UsageError
from beacon.model.launch import Launch


class _Api:
    def __init__(self, top: Path) -> None:
        self.top = top
        self.foreign: dict[str, dict[str, Any]] = {}

    def create_volume(self, name: str, labels: dict[str, str]) -> dict[str, Any]:
        assert labels == {"ours": "yes"}
        (self.top / name).mkdir()
        return self.inspect_volume(name)

    def inspect_volume(self, name: str) -> dict[str, Any]:
        if not (self.top / name).is_dir():
            raise NotFound("x")
        found = {"Name": name, "Driver": "local", "Options": None}
        return {**found, "Mountpoint": str(self.top / name), **self.foreign.get(name, {})}

    def remove_volume(self, name: str) -> None:
        (self.top / name).rename(self.top / f"removed-{name}")


@pytest.fixture
def api(tmp_path: Path) -> _Api:
    (tmp_path / "volumes").mkdir()
    return _Api(tmp_path / "volumes")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "file").write_text("content")
    return tmp_path / "data"


def given(api: _Api, *volumes: str, copied: bool = True) -> tuple[tuple[str, ...], Belongings]:
    belongings = Belongings(api, {"ours": "yes"})
    return belongings.provide(Launch(volumes=volumes), copied=copied).volumes, belongings


def test_a_folder_is_copied_and_the_copy_goes(api: _Api, data: Path) -> None:
    (volume,), belongings = given(api, f"{data}:/data:z")
    source, _, rest = volume.partition(":")
    assert rest == "/data:z"
    assert belongings.copies == {source}
    (Path(source) / "file").write_text("changed")
    assert (data / "file").read_text() == "content"
    belongings.remove()
    assert all(each.name.startswith("removed-") for each in api.top.iterdir())


def test_two_containers_have_a_copy_each(api: _Api, data: Path) -> None:
    assert given(api, f"{data}:/data")[0] != given(api, f"{data}:/data")[0]


def test_what_is_only_read_stays_itself(api: _Api, data: Path) -> None:
    volumes = (f"{data}:/data:ro", f"{data}:/other:z,ro", "/anonymous")
    assert given(api, *volumes)[0] == volumes
    assert given(api, f"{data}:/data", copied=False)[0] == (f"{data}:/data",)
    assert list(api.top.iterdir()) == []


def test_what_is_read_here_and_written_there_is_one_copy(api: _Api, data: Path) -> None:
    one, two = given(api, f"{data}:/in:ro", f"{data}:/out")[0]
    assert one.partition(":")[0] == two.partition(":")[0] != str(data)


def test_a_file_and_a_link_to_it(api: _Api, data: Path) -> None:
    (data / "link").symlink_to("file")
    (volume,), _ = given(api, f"{data}/link:/file")
    assert Path(volume.partition(":")[0]).read_text() == "content"


def test_what_is_not_there_is_an_empty_folder(api: _Api, data: Path) -> None:
    (volume,), _ = given(api, f"{data}/absent:/data")
    assert list(Path(volume.partition(":")[0]).iterdir()) == []
    assert not (data / "absent").exists()


def test_a_socket_stays_itself(api: _Api, data: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(data / "socket"))
        volumes = (f"{data}/socket:/socket", "/dev/null:/null")
        assert given(api, *volumes)[0] == volumes


def test_a_named_volume_is_copied(api: _Api) -> None:
    (api.top / "mine").mkdir()
    (api.top / "mine" / "file").write_text("content")
    (volume, new), belongings = given(api, "mine:/data", "other:/new")
    name = volume.partition(":")[0]
    assert name.startswith("beacon-")
    assert (api.top / name / "file").read_text() == "content"
    assert new.startswith("beacon-")
    assert not (api.top / "other").exists()
    belongings.remove()
    assert (api.top / "mine").is_dir()


@pytest.mark.parametrize("foreign", [{"Driver": "remote"}, {"Options": {"type": "nfs"}}])
def test_a_volume_elsewhere_is_refused(api: _Api, foreign: dict[str, Any]) -> None:
    (api.top / "mine").mkdir()
    api.foreign["mine"] = foreign
    with pytest.raises(UsageError, match="the volume mine are not on this host: mount it read-o"):
        given(api, "mine:/data")


def test_too_much_is_refused(api: _Api, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(docker_belongings, "budget", lambda _: Budget(1, 1))
    with pytest.raises(UsageError, match="data is more than 100000 files or 1024 MiB: mount it"):
        given(api, f"{data}:/data")


def test_what_cannot_be_copied_is_refused(
    api: _Api, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(docker_belongings, "copy", full)
    with pytest.raises(UsageError, match=r"cannot be copied .*No space left"):
        given(api, f"{data}:/data")
