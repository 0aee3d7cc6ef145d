"""Volumes of a launch, without a runtime."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from beacon.engines.cri_mounts import provide
from beacon.engines.interface import NotSupportedError, RefusedError
from beacon.engines.volume_files import write_tree
from beacon.model.launch import Launch


class _Sandbox:
    shares_network = False

    def __init__(self, path: Path) -> None:
        self.path = path

    def seen(self, path: Path) -> Path:
        return path

    def memory(self, launch: Launch) -> dict[str, Path]:
        return {}

    def hosts(self) -> Path:
        return self.path / "hosts"


def _provided(tmp_path: Path, *volumes: str, copied: bool = False) -> dict[str, Any]:
    sandbox, own = tmp_path / "sandbox", tmp_path / "own"
    for folder in (sandbox, own):
        folder.mkdir(exist_ok=True)
    view: Any = _Sandbox(sandbox)
    found = provide(Launch(volumes=volumes), view, own, copied=copied)
    return {each.container_path: each for each in found.mounts()}


def test_new_ones_and_those_of_the_host(tmp_path: Path) -> None:
    found = _provided(tmp_path, "@new:/a", "/b", "/srv:/c:ro")
    assert found["/a"].host_path == str(tmp_path / "own" / "volume-0")
    assert found["/b"].host_path == str(tmp_path / "own" / "volume-1")
    assert (found["/c"].host_path, found["/c"].readonly) == ("/srv", True)
    assert found["/etc/hosts"].host_path.endswith("/hosts")


def test_a_job_works_on_a_copy_but_for_the_pod_s_own(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "file").write_text("x")
    shared = tmp_path / "sandbox" / "volume-0"
    shared.mkdir(parents=True)
    found = _provided(tmp_path, f"{tmp_path / 'data'}:/d", f"{shared}:/s", copied=True)
    assert (Path(found["/d"].host_path) / "file").read_text() == "x"
    assert found["/d"].host_path != str(tmp_path / "data")
    assert found["/s"].host_path == str(shared)


@pytest.mark.parametrize("path", ["/etc", "../x", "a/../../x", "link"])
def test_a_path_in_a_volume_stays_there(tmp_path: Path, path: str) -> None:
    shared = tmp_path / "sandbox" / "volume-0"
    shared.mkdir(parents=True)
    (shared / "link").symlink_to("/etc")
    with pytest.raises(RefusedError, match="leads out"):
        _provided(tmp_path, f"{shared}:/s:subpath={path}")
    if path == "/etc":
        with pytest.raises(RefusedError, match="leads out"):
            _provided(tmp_path, f"@new:/s:subpath={path}")


def test_a_file_of_a_config_map_is_behind_links(tmp_path: Path) -> None:
    shared = tmp_path / "sandbox" / "volume-0"
    shared.mkdir(parents=True)
    write_tree(shared, {"app.conf": (b"a=1", 0o644)})
    found = _provided(tmp_path, f"{shared}:/etc/app.conf:ro,subpath=app.conf")
    path = Path(found["/etc/app.conf"].host_path)
    assert path.read_bytes() == b"a=1"
    assert path.resolve() == path


def test_a_path_is_looked_up_again_for_each_start(tmp_path: Path) -> None:
    """A container that has the whole volume as well exchanges the folder before it is restarted."""
    shared = tmp_path / "sandbox" / "volume-0"
    shared.mkdir(parents=True)
    (tmp_path / "own").mkdir()
    view: Any = _Sandbox(tmp_path / "sandbox")
    launch = Launch(volumes=(f"{shared}:/s:subpath=data",))
    found = provide(launch, view, tmp_path / "own", copied=False)
    assert found.mounts()[0].host_path == str(shared / "data")
    (shared / "data").rmdir()
    (shared / "data").symlink_to("/")
    with pytest.raises(RefusedError, match="leads out"):
        found.mounts()
    (shared / "data").unlink()
    (shared / "data").symlink_to("gone")
    with pytest.raises(RefusedError, match="cannot be had"):
        found.mounts()


def test_a_path_in_a_volume_is_made(tmp_path: Path) -> None:
    found = _provided(tmp_path, "@new:/s:subpath=a/b")
    assert Path(found["/s"].host_path).is_dir()
    assert found["/s"].host_path.endswith("/volume-0/a/b")


def test_no_group_is_given_what_is_the_host_s(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir(mode=0o700)
    _provided(tmp_path, f"{tmp_path / 'data'}:/d:fsgroup=2000")
    assert (tmp_path / "data").stat().st_gid != 2000


def test_a_service_account(tmp_path: Path) -> None:
    found = _provided(tmp_path, "@serviceaccount:/x:ro")
    assert (Path(found["/x"].host_path) / "token").is_file()


@pytest.mark.parametrize("word", ["named:/x", "@new:/x:size=5", "a:b:c:d"])
def test_what_no_pod_has(tmp_path: Path, word: str) -> None:
    with pytest.raises(NotSupportedError):
        _provided(tmp_path, word)
