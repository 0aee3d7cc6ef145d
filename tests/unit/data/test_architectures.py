from __future__ import annotations

import pytest

from beacon.data.architectures import counterparts, made_on, why_nothing
from beacon.data.arguments import conditions
from beacon.data.kernel import is_syscall, tables
from beacon.model.architecture import Architecture, architecture_of, recorded_on, with_native
from beacon.model.event import Abi, Syscall, parse_event

AMD64, ARM64 = Architecture.AMD64, Architecture.ARM64
ROWS = [(to, row) for to in Architecture for row in counterparts(to)]


def call(text: str) -> Syscall:
    found = parse_event(text)
    assert isinstance(found, Syscall)
    return found


def on(abi: Abi, text: str) -> set[str]:
    return {str(made.call) for made in made_on(call(text), abi)}


def test_each_call_that_arm64_lacks_has_one_row() -> None:
    theirs = tables().syscalls[Abi.AARCH64]
    lacking = sorted(tables().syscalls[Abi.X86_64].keys() - theirs.keys())
    assert lacking == sorted(seen for row in counterparts(ARM64) for seen in row.seen)
    assert theirs.keys() < tables().syscalls[Abi.X86_64].keys()


@pytest.mark.parametrize(("to", "row"), ROWS)
def test_rows_speak_of_calls_that_exist(to: Architecture, row: object) -> None:
    for seen in row.seen:  # type: ignore[attr-defined]
        assert is_syscall(call(seen).name)
    for then in map(call, row.then):  # type: ignore[attr-defined]
        assert then.name in tables().syscalls[to.native]
        assert then.argument is None or conditions(then.name, [then.argument])


def test_the_way_back_names_what_the_other_lacks() -> None:
    """But for `fstat`, which older C libraries call, and what else a process is made by."""
    lacking = tables().syscalls[Abi.X86_64].keys() - tables().syscalls[Abi.AARCH64].keys()
    named = {call(then).name for row in counterparts(AMD64) for then in row.then}
    assert named - lacking == {"fstat", "clone"}


@pytest.mark.parametrize(
    ("seen", "there"),
    [
        ("read", {"aarch64:read"}),
        ("open", {"aarch64:openat"}),
        ("openat", {"aarch64:openat"}),
        ("socket(AF_INET,SOCK_STREAM,0x0)", {"aarch64:socket(AF_INET,SOCK_STREAM,0x0)"}),
        ("vfork", {"aarch64:clone(plain)"}),
        ("dup2", {"aarch64:dup3", "aarch64:fcntl(F_GETFL)", "aarch64:fcntl(F_GETFD)"}),
        ("arch_prctl", set()),
        ("syscall_999", set()),
    ],
)
def test_on_arm64(seen: str, there: set[str]) -> None:
    assert on(Abi.AARCH64, seen) == there


@pytest.mark.parametrize(
    ("seen", "there"),
    [
        ("aarch64:read", {"read"}),
        ("aarch64:openat", {"openat", "open", "creat"}),
        ("aarch64:execve", {"execve", "arch_prctl"}),
        ("aarch64:clone(CLONE_NEWUSER)", {"clone(CLONE_NEWUSER)", "clone(plain)", "fork", "vfork"}),
        ("aarch64:pipe2(plain)", {"pipe2(plain)", "pipe"}),
    ],
)
def test_on_amd64(seen: str, there: set[str]) -> None:
    assert on(Abi.X86_64, seen) == there


def test_a_call_stays_on_its_own_architecture() -> None:
    assert on(Abi.X86_64, "i386:getuid32") == {"i386:getuid32"}


def test_why_there_is_nothing() -> None:
    assert "register" in why_nothing(call("arch_prctl"), Abi.AARCH64)
    assert why_nothing(call("syscall_999"), Abi.AARCH64) == "arm64 has no such call"


def test_architectures_and_abis() -> None:
    assert {abi for each in Architecture for abi in each.abis} == set(Abi)
    assert [architecture_of(abi) for abi in (Abi.X32, Abi.ARM)] == [AMD64, ARM64]
    assert with_native([Abi.ARM]) == {Abi.ARM, Abi.AARCH64}
    assert with_native([]) == {Abi.X86_64}
    assert recorded_on("") is AMD64
    with pytest.raises(ValueError, match="riscv64"):
        recorded_on("riscv64")
