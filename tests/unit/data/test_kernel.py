from __future__ import annotations

from beacon.data.arguments import conditions
from beacon.data.implied_syscalls import implications
from beacon.data.kernel import (
    PRIVATE,
    capability_name,
    is_capability,
    is_syscall,
    syscall_name,
    tables,
)
from beacon.model.event import Abi, Syscall, parse_event


def test_numbers_differ_by_abi() -> None:
    assert syscall_name(Abi.X86_64, 39) == "getpid"
    assert syscall_name(Abi.I386, 20) == "getpid"
    assert syscall_name(Abi.X32, 39) == "getpid"
    assert syscall_name(Abi.AARCH64, 172) == "getpid"
    assert syscall_name(Abi.ARM, 20) == "getpid"
    assert syscall_name(Abi.ARM, 0xF0005) == "set_tls"


def test_unnamed_numbers_keep_their_number() -> None:
    assert syscall_name(Abi.X86_64, 511) == "syscall_511"
    assert not is_syscall("syscall_511")
    assert capability_name(63) == "CAP_63"
    assert not is_capability("CAP_63")


def test_numbers_fit_the_kernel_program() -> None:
    numbers = {n for calls in tables().syscalls.values() for n in calls.values()}
    private = {number for number in numbers if number >= PRIVATE}
    assert max(numbers - private) < 512 + 64
    assert max(tables().syscalls[Abi.X86_64].values()) < 512
    assert private == {PRIVATE + place for place in range(1, 7)}
    assert private < set(tables().syscalls[Abi.ARM].values())


def test_the_tables_speak_of_calls_that_exist() -> None:
    for spelt in {name for each in implications() for name in each.seen + each.then}:
        event = parse_event(spelt)
        assert isinstance(event, Syscall)
        assert is_syscall(event.name)
        assert event.argument is None or conditions(event.name, [event.argument])
