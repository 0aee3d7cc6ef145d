from __future__ import annotations

import os
import stat
from errno import EXDEV
from pathlib import Path

import pytest

from beacon.engines.inside_root import attribute_inside, open_inside, path_inside
from beacon.engines.mounted_root import Layers, mounted


def test_links_lead_back_into_the_root(tmp_path: Path) -> None:
    root = tmp_path / "root"
    (root / "etc").mkdir(parents=True)
    (root / "etc" / "own").write_text("inside")
    (tmp_path / "outside").write_text("outside")
    (root / "absolute").symlink_to("/etc/own")
    (root / "up").symlink_to("../../../etc/own")
    (root / "out").symlink_to(tmp_path / "outside")
    with mounted(Layers((root,)), tmp_path) as handle:
        for name in ("/absolute", "up", "/../etc/own"):
            found = open_inside(handle, name, os.O_RDONLY)
            with os.fdopen(found, "rb") as file:
                assert file.read() == b"inside"
        with pytest.raises(FileNotFoundError):
            open_inside(handle, "/out", os.O_RDONLY)
        assert attribute_inside(handle, "/absolute", "security.capability") == b""
        with pytest.raises(FileNotFoundError):
            attribute_inside(handle, "/none", "security.capability")


def test_links_of_proc_are_not_followed(tmp_path: Path) -> None:
    handle = os.open("/proc", os.O_RDONLY | os.O_DIRECTORY)
    try:
        with pytest.raises(OSError, match="symbolic links"):
            open_inside(handle, "/self/root/etc", os.O_PATH)
    finally:
        os.close(handle)


def test_folders_on_a_path_are_made(tmp_path: Path) -> None:
    (tmp_path / "real" / "deep").mkdir(parents=True)
    (tmp_path / "link").symlink_to("real/../real")
    assert path_inside(tmp_path, "link/deep/new/er", 0o777) == Path("real/deep/new/er")
    assert stat.S_IMODE((tmp_path / "real/deep/new").stat().st_mode) == 0o777
    assert path_inside(tmp_path, ".", 0o777) == Path()
    (tmp_path / "file").write_text("x")
    assert path_inside(tmp_path, "file", 0o777) == Path("file")
    with pytest.raises(NotADirectoryError):
        path_inside(tmp_path, "file/below", 0o777)


@pytest.mark.parametrize("path", ["/", "..", "real/../..", "out", "up", "proc/self/root/etc"])
def test_a_path_that_leads_out(tmp_path: Path, path: str) -> None:
    top = tmp_path / "top"
    (top / "real").mkdir(parents=True)
    (top / "out").symlink_to("/")
    (top / "up").symlink_to("../../..")
    (top / "proc").symlink_to("/proc")
    with pytest.raises(OSError, match="cross-device") as failure:
        path_inside(top, path, 0o777)
    assert failure.value.errno == EXDEV
    assert sorted(each.name for each in top.iterdir()) == ["out", "proc", "real", "up"]
