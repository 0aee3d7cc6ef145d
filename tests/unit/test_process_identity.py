"""Who made a thing, judged from the same place and from others; a fake /proc stands in for them."""

from __future__ import annotations

import os
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from beacon import process_identity
from beacon.process_identity import Fate, ProcessIdentity, fate, identify, parse

#: No process has it while the kernel's limit is not raised to the last number.
_NOBODY = (1 << 22) - 1
_BOOT, _OTHER_BOOT = ("01234567-89ab-4def-8123-456789abcde" + digit for digit in "01")


@pytest.fixture(autouse=True)
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine ID that a test may take away."""
    path = tmp_path / "machine-id"
    path.write_text("0" * 32)
    monkeypatch.setattr(process_identity, "_HOST_FILES", (path, tmp_path / "none"))
    return path


@pytest.fixture
def proc(tmp_path: Path) -> Path:
    """A /proc as process 7 sees it, whose parent is 1."""
    root = tmp_path / "proc"
    _process(root, "self", 7, "beacon", 4711)
    _process(root, "7", 7, "beacon", 4711)
    (root / "self/ns").mkdir()
    _place(root)
    boot = root / "sys/kernel/random/boot_id"
    boot.parent.mkdir(parents=True)
    boot.write_text(_BOOT + "\n")
    return root


def _process(proc: Path, folder: str, pid: int, name: str, start: int) -> None:
    (proc / folder).mkdir(parents=True)
    rest = " ".join(["S", *["0"] * 18, str(start), "0", "0"])
    (proc / folder / "stat").write_text(f"{pid} ({name}) {rest}\n")


def _place(proc: Path, pid: int = 4026531836, time: int | None = 4026531834) -> None:
    for kind, inode in (("pid", pid), ("time", time)):
        (proc / "self/ns" / kind).unlink(missing_ok=True)
        if inode is not None:
            (proc / "self/ns" / kind).symlink_to(f"{kind}:[{inode}]")
    (proc / "self/status").write_text("Name:\tbeacon\nNStgid:\t7\t7\nNSpid:\t7\n")


def _label(proc: Path, **changed: Any) -> str:
    return str(replace(identify(7, proc), **changed))


def test_this_process_lives() -> None:
    assert parse(str(identify())) == identify()
    assert identify().pid == os.getpid()
    assert fate(str(identify())) is Fate.ALIVE


def test_an_ended_process_is_dead() -> None:
    process = subprocess.Popen(["sleep", "60"])
    label = str(identify(process.pid))
    assert fate(label) is Fate.ALIVE
    process.kill()
    process.wait()
    assert fate(label) is Fate.DEAD


@pytest.mark.parametrize("name", ["sh", "a b", ") S 1 2 3", "((", "))", "x) R 9 9 ("])
def test_a_name_cannot_forge_the_start_time(proc: Path, name: str) -> None:
    _process(proc, "8", 8, name, 815)
    assert identify(8, proc).start == 815


def test_a_reused_pid_is_another_process(proc: Path) -> None:
    assert fate(_label(proc), proc) is Fate.ALIVE
    assert fate(_label(proc, start=4710), proc) is Fate.DEAD
    assert fate(_label(proc, pid=_NOBODY), proc) is Fate.DEAD


def test_a_process_that_proc_hides_lives(proc: Path) -> None:
    # As under hidepid: no file, but the kernel knows the process.
    assert fate(_label(proc, pid=os.getpid()), proc) is Fate.ALIVE


def test_a_process_that_proc_does_not_let_us_read_lives(
    proc: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    label = _label(proc)
    read = Path.read_bytes

    def refuse(path: Path) -> bytes:
        if path.name == "stat":
            raise PermissionError(13, "Permission denied")
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", refuse)
    assert fate(label, proc) is Fate.ALIVE


@pytest.mark.parametrize(
    ("elsewhere", "expected"),
    [
        ({"pid_namespace": 4026532500}, Fate.OTHER_NAMESPACE),
        ({"time_namespace": 4026532501}, Fate.OTHER_NAMESPACE),
        ({"time_namespace": 0}, Fate.OTHER_NAMESPACE),
        ({"boot": _OTHER_BOOT.replace("-", "")}, Fate.DEAD),
        ({"boot": _OTHER_BOOT.replace("-", ""), "pid_namespace": 4026532500}, Fate.DEAD),
        ({"boot": _OTHER_BOOT.replace("-", ""), "host": "f" * 16}, Fate.OTHER_HOST),
        ({"host": "f" * 16}, Fate.DEAD),  # one boot is of one host, whatever it is called
    ],
)
def test_an_id_means_something_only_where_it_was_taken(
    proc: Path, elsewhere: dict[str, object], expected: Fate
) -> None:
    assert fate(_label(proc, pid=_NOBODY, **elsewhere), proc) is expected


def test_a_namespace_and_its_child_judge_each_other(proc: Path) -> None:
    outer = _label(proc)
    _place(proc, pid=4026532500)
    inner = _label(proc)
    assert fate(outer, proc) is Fate.OTHER_NAMESPACE
    assert fate(inner, proc) is Fate.ALIVE
    _place(proc)
    assert fate(inner, proc) is Fate.OTHER_NAMESPACE
    assert fate(outer, proc) is Fate.ALIVE


def test_a_kernel_without_time_namespaces(proc: Path) -> None:
    _place(proc, time=None)
    assert fate(_label(proc), proc) is Fate.ALIVE
    assert fate(_label(proc, pid=_NOBODY), proc) is Fate.DEAD


@pytest.mark.parametrize("ids", ["NSpid:\t4242\t7\n", ""])
def test_a_proc_of_another_namespace_proves_nothing(proc: Path, ids: str) -> None:
    (proc / "self/status").write_text(f"Name:\tbeacon\n{ids}")
    for pid in (7, _NOBODY):
        assert fate(_label(proc, pid=pid), proc) is Fate.OTHER_NAMESPACE


def test_a_proc_without_this_process_proves_nothing(proc: Path) -> None:
    label = _label(proc, pid=_NOBODY)
    (proc / "self").rename(proc / "gone")
    assert fate(label, proc) is Fate.UNKNOWN
    with pytest.raises(OSError, match="No such file"):
        identify(proc=proc)


def test_a_host_that_nothing_names_is_never_known_again(proc: Path, machine: Path) -> None:
    machine.unlink()
    label = _label(proc, boot=_OTHER_BOOT.replace("-", ""))
    assert parse(label) is not None
    assert fate(label, proc) is Fate.OTHER_HOST


def test_hosts_differ_by_machine_and_by_name(
    proc: Path, machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hosts = [identify(proc=proc).host]
    machine.write_text("1" * 32)
    hosts.append(identify(proc=proc).host)
    monkeypatch.setattr("platform.node", lambda: "another")
    hosts.append(identify(proc=proc).host)
    assert len(set(hosts)) == 3
    assert not any("1" * 8 in host for host in hosts)


_GOOD = ProcessIdentity(
    host="a" * 16, boot="b" * 32, pid_namespace=1, time_namespace=2, pid=3, start=4
)


@pytest.mark.parametrize(
    "label",
    [
        *(None, "", "7", "7:", ":1", "-7:1", "../7:1", "7:1\n", "\u0667:1", 7),
        "999999999:1",  # as version 0.1 wrote it
        f"{_GOOD}\n",
        f"{_GOOD}-0",
        str(_GOOD).upper(),
        str(replace(_GOOD, pid=0)),
        str(replace(_GOOD, pid=(1 << 22) + 1)),
        str(replace(_GOOD, pid=1 << 40)),
        str(replace(_GOOD, start=10**20)),
        str(replace(_GOOD, host="a")),
    ],
)
def test_a_label_that_names_no_process_proves_nothing(proc: Path, label: object) -> None:
    assert parse(label) is None
    assert fate(label, proc) is Fate.UNKNOWN
