from __future__ import annotations

import os
import stat
from pathlib import Path

from beacon.engines.volume_files import account_files, give_to_group, write_tree


def test_files_are_behind_one_link(tmp_path: Path) -> None:
    write_tree(tmp_path, {"a": (b"1", 0o400), "d/b": (b"2", 0o644)})
    assert (tmp_path / "a").read_bytes() == b"1"
    assert (tmp_path / "d" / "b").read_bytes() == b"2"
    assert (tmp_path / "a").readlink() == Path("..data/a")
    assert (tmp_path / "d").readlink() == Path("..data/d")
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o400


def test_a_group_may_write_and_no_link_is_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_text("x")
    outside.chmod(0o600)
    volume = tmp_path / "volume"
    volume.mkdir()
    (volume / "file").write_text("y")
    (volume / "link").symlink_to(outside)
    give_to_group(volume, os.getgid())
    assert stat.S_IMODE(volume.stat().st_mode) & 0o2070 == 0o2070
    assert stat.S_IMODE((volume / "file").stat().st_mode) & 0o060 == 0o060
    assert stat.S_IMODE(outside.stat().st_mode) == 0o600


def test_a_group_only_reads_what_nobody_writes(tmp_path: Path) -> None:
    """A key with more rights than that is one that some servers refuse."""
    write_tree(tmp_path, {"key": (b"1", 0o400)})
    give_to_group(tmp_path, os.getgid(), read_only=True)
    assert stat.S_IMODE((tmp_path / "key").stat().st_mode) == 0o440
    assert stat.S_IMODE(tmp_path.stat().st_mode) & 0o2010 == 0o2010


def test_a_service_account() -> None:
    assert set(account_files()) == {"token", "ca.crt", "namespace"}
