"""Questions after which a file was opened that was there: which of them decided nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from beacon.monitor.callers import Symbols
from beacon.monitor.opened import asked_to_create, needed_no_right

PERMISSION = ("cap_capable", "security_capable", "capable_wrt_inode_uidgid", "generic_permission")
DIRECTORY = (*PERMISSION, "inode_permission", "path_openat", "do_filp_open")
OWN = (*PERMISSION, "proc_fd_permission", "inode_permission", "path_openat", "do_filp_open")
FILE = (*PERMISSION, "inode_permission", "may_open", "path_openat", "do_filp_open")
WALK = (*PERMISSION, "inode_permission", "link_path_walk", "path_openat", "do_filp_open")
TEMPORARY = (*PERMISSION, "inode_permission", "vfs_tmpfile", "path_openat", "do_filp_open")


def kernel(path: Path, *names: str) -> Symbols:
    file = path / "kallsyms"
    lines = (f"ffffffff81000{number:03x} t {name}\n" for number, name in enumerate(names, 1))
    file.write_text("".join(lines))
    return Symbols(file)


@pytest.fixture
def symbols(tmp_path: Path) -> Symbols:
    return kernel(tmp_path, "may_open.isra.0", "link_path_walk", "path_openat")


@pytest.mark.parametrize(
    ("callers", "creates"),
    [
        (DIRECTORY, True),
        (OWN, True),
        ((*PERMISSION, "inode_permission", "lookup_open", "path_openat"), True),
        (FILE, False),
        (WALK, False),
        (TEMPORARY, False),
        (PERMISSION, False),
        ((), False),
    ],
)
def test_asked_to_create(symbols: Symbols, callers: tuple[str, ...], *, creates: bool) -> None:
    assert asked_to_create(callers, symbols) is creates


@pytest.mark.parametrize("left", ["may_open", "link_path_walk"])
def test_where_all_are_inlined_nothing_is_known(tmp_path: Path, left: str) -> None:
    assert not asked_to_create(DIRECTORY, kernel(tmp_path, left, "path_openat"))
    assert asked_to_create(
        (*PERMISSION, "inode_permission", "open_last_lookups"), kernel(tmp_path, left)
    )


def test_a_refusal_decided_nothing_whoever_asked(symbols: Symbols) -> None:
    for callers in (DIRECTORY, OWN, FILE, WALK):
        assert needed_no_right("openat", callers, symbols, granted=False)
    assert needed_no_right("openat", OWN, symbols, granted=True)
    assert not needed_no_right("openat", FILE, symbols, granted=True)


@pytest.mark.parametrize("call", ["rename", "execve", None])
def test_other_calls_open_no_file(symbols: Symbols, call: str | None) -> None:
    assert not needed_no_right(call, OWN, symbols, granted=False)
    assert not needed_no_right(call, OWN, symbols, granted=True)
