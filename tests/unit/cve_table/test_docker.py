from __future__ import annotations

import pytest

from beacon.data.cves import package_cves
from beacon.data.kernel import is_capability, is_syscall
from beacon.model.cve import Cve, Need
from beacon.model.event import Abi, Capability, Syscall
from beacon.scoring.security import Candidates
from cve_table.docker import Default, defaults, stopped_by_default

OLD, NEW = "20.10.24", "2026-05-06"


def default(version: str) -> Default:
    return next(each for each in defaults().defaults if each.version == version)


def named(cve_id: str) -> Cve:
    return next(cve for cve in package_cves() if cve.id == cve_id)


def passes(version: str, call: str, *where: tuple[str, str], abis: frozenset[Abi]) -> bool:
    """Whether the call passes where the container has programs of these ABIs alone."""
    events = (each for each in default(version).events() if each.abi in abis)
    need = Need(call, {name: (constant,) for name, constant in where})
    return bool(Candidates(events).serving(need))


def test_what_passes_are_calls_and_capabilities() -> None:
    for each in defaults().defaults:
        assert all(map(is_syscall, each.calls))
        assert each.calls == tuple(sorted(set(each.calls)))
        assert not {*each.classes, *each.denied} & {*each.calls}
    assert len(defaults().capabilities) == 14
    assert all(map(is_capability, defaults().capabilities))


@pytest.mark.parametrize(
    ("call", "old", "new"),
    [
        ("io_uring_setup", True, False),
        ("clone3", False, False),
        ("unshare", False, False),
        ("keyctl", False, False),
        ("cachestat", False, True),
        ("ptrace", True, True),
    ],
)
def test_calls_by_version(call: str, old: bool, new: bool) -> None:
    assert passes(OLD, call, abis=frozenset(Abi)) is old
    assert passes(NEW, call, abis=frozenset(Abi)) is new


@pytest.mark.parametrize("family", ["AF_VSOCK", "AF_ALG"])
def test_families_that_newer_versions_deny(family: str) -> None:
    native = frozenset({Abi.X86_64})
    assert passes(OLD, "socket", ("domain", family), abis=native)
    assert not passes(NEW, "socket", ("domain", family), abis=native)
    assert passes(NEW, "socket", ("domain", "AF_NETLINK"), abis=native)
    # A 32-bit program gets them by socketcall, whose arguments are in memory.
    assert passes(NEW, "socket", ("domain", family), abis=frozenset(Abi))


def test_namespaces_are_denied_on_every_abi() -> None:
    for version in (OLD, NEW):
        assert passes(version, "clone", abis=frozenset(Abi))
        assert not passes(version, "clone", ("flags", "CLONE_NEWUSER"), abis=frozenset(Abi))
        assert not passes(version, "unshare", ("flags", "CLONE_NEWUSER"), abis=frozenset(Abi))


@pytest.mark.parametrize("cve_id", ["CVE-2021-26708", "CVE-2025-21756", "CVE-2025-38618"])
def test_vsock_stays_open_by_socketcall(cve_id: str) -> None:
    assert named(cve_id).stopped_by_docker_default == {OLD: False, NEW: False}


def test_the_column_is_computed() -> None:
    for cve in package_cves():
        assert cve.stopped_by_docker_default == stopped_by_default(cve), cve.id
        assert list(cve.stopped_by_docker_default) == [OLD, NEW]


@pytest.mark.parametrize(
    ("cve_id", "old", "new"),
    [
        ("CVE-2014-0038", False, False),  # x32 passes
        ("CVE-2016-0728", True, True),  # keyctl
        ("CVE-2018-13053", True, True),  # CAP_WAKE_ALARM
        ("CVE-2022-0185", True, True),  # a user namespace
        ("CVE-2022-29582", False, True),  # io_uring
        ("CVE-2024-26630", True, False),  # cachestat is newer than libseccomp of 2023
        ("CVE-2022-0847", False, False),  # splice
    ],
)
def test_known_examples(cve_id: str, old: bool, new: bool) -> None:
    assert named(cve_id).stopped_by_docker_default == {OLD: old, NEW: new}


def test_events_are_spelled_as_beacon_does() -> None:
    for each in default(NEW).events():
        assert isinstance(each, Syscall)
    assert Capability("CAP_SYS_ADMIN").name not in defaults().capabilities
