from __future__ import annotations

import os
from pathlib import Path

import pytest

from beacon.engines.inside_root import attribute_inside, open_inside
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
