"""Checks of the guest itself, for pytest inside it; the name keeps host sessions away."""

from __future__ import annotations

import ctypes
import os
from pathlib import Path

import pytest

_TRACING = Path("/sys/kernel/tracing")


def test_kernel_is_the_fetched_one(capsys: pytest.CaptureFixture[str]) -> None:
    release = os.uname().release
    with capsys.disabled():
        print(f"\nkernel {release}")
    assert release.endswith(("-cloud-amd64", "-cloud-arm64"))
    assert release.startswith(os.environ.get("BEACON_EXPECT_KERNEL", release))


def test_kernel_has_the_capability_tracepoint_or_predates_it() -> None:
    there = (_TRACING / "events/capability/cap_capable").exists()
    assert there == (os.environ["BEACON_EXPECT_RUNG"] == "tracepoint")


@pytest.mark.parametrize(
    ("place", "kind"),
    [("/sys/fs/cgroup", "cgroup2"), ("/sys/fs/bpf", "bpf"), ("/sys/kernel/tracing", "tracefs")],
)
def test_file_system_is_mounted(place: str, kind: str) -> None:
    mounts = [line.split() for line in Path("/proc/mounts").read_text().splitlines()]
    assert [kind] == [mount[2] for mount in mounts if mount[1] == place]


def test_kernel_describes_its_types() -> None:
    assert Path("/sys/kernel/btf/vmlinux").read_bytes()[:2] == b"\x9f\xeb"


def test_kernel_symbols_have_addresses() -> None:
    symbols = (line.split() for line in Path("/proc/kallsyms").read_text().splitlines())
    assert [int(symbol[0], 16) for symbol in symbols if symbol[2] == "cap_capable"] > [0]


def test_kprobe_sees_capability_checks() -> None:
    (_TRACING / "kprobe_events").write_text("p:smoke/capable cap_capable\n")
    switch = _TRACING / "events/smoke/capable/enable"
    switch.write_text("1")
    os.chroot("/")
    switch.write_text("0")
    assert "capable:" in (_TRACING / "trace").read_text()


def test_libbpf_loads() -> None:
    ctypes.CDLL("libbpf.so.1")
