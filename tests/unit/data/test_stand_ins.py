from __future__ import annotations

import pytest

from beacon.data.arguments import PLAIN, canonical, multiplexers
from beacon.data.indirect_syscalls import EVERY, hidden_way, indirect_syscalls, is_blind
from beacon.data.kernel import is_syscall, tables
from beacon.model.event import Abi, Syscall, parse_event

# Calls of other architectures.
ELSEWHERE = {"recv", "send"}


def call(text: str) -> Syscall:
    found = parse_event(text)
    assert isinstance(found, Syscall)
    return found


def test_names_and_classes_exist() -> None:
    for each in indirect_syscalls():
        assert is_syscall(each.call.name)
        assert each.call.argument is None or is_canonical(each.call.name, each.call.argument)
        for effect in each.effects:
            assert is_syscall(effect.call) or effect.call in ELSEWHERE
            if effect.argument == EVERY:
                assert effect.call in multiplexers()
            elif effect.argument is not None:
                assert is_canonical(effect.call, effect.argument)


def is_canonical(name: str, argument: str) -> bool:
    return canonical(name, argument) == argument


def test_nothing_stands_in_for_itself() -> None:
    for each in indirect_syscalls():
        for effect in each.effects:
            itself = effect.call == each.call.name and effect.argument in (None, each.call.argument)
            assert not itself, each.call


@pytest.mark.parametrize(
    ("allowed", "event", "hidden"),
    [
        ("clone3", "clone(CLONE_NEWUSER)", True),
        ("clone3", "unshare(CLONE_NEWNET)", True),
        ("i386:clone3", "clone(CLONE_NEWUSER)", True),
        ("clone3", "clone(plain)", False),  # any process forks
        ("clone3", "clone", False),  # a name holds as it is
        ("clone(CLONE_NEWUSER)", "unshare(CLONE_NEWUSER)", False),  # a filter sees it
        ("setns(plain)", "setns(CLONE_NEWNS)", True),
        ("setns(CLONE_NEWUTS)", "setns(CLONE_NEWNS)", False),
        ("io_uring_setup", "openat", True),
        ("io_uring_setup", "socket(AF_ALG,SOCK_SEQPACKET,0x0)", True),
        ("io_uring_setup", "sendmmsg(MSG_OOB)", True),
        ("io_uring_setup", "sendmmsg", False),
        ("io_uring_enter", "openat", False),
        ("i386:socketcall", "socket", True),
        ("i386:ipc", "shmget(SHM_HUGETLB)", True),
        ("i386:ipc", "socket", False),
        ("mmap(NONE)", "mmap(PROT_EXEC)", False),
        ("i386:mmap", "mmap(PROT_EXEC)", True),
        ("pkey_mprotect", "mprotect(PROT_WRITE|PROT_EXEC)", True),
        ("shmat", "mmap(PROT_WRITE)", False),
        ("personality", "mmap(PROT_EXEC)", True),
        ("personality(PER_LINUX)", "mmap(PROT_EXEC)", False),
        ("ioctl(USERFAULTFD_IOC_NEW)", "userfaultfd", True),
        ("ioctl(TCGETS)", "userfaultfd", False),
    ],
)
def test_what_hides_what(allowed: str, event: str, hidden: bool) -> None:
    assert (hidden_way(call(allowed), call(event)) is not None) == hidden


def test_calls_that_i386_has_by_other_names() -> None:
    own = tables().syscalls[Abi.I386].keys() - tables().syscalls[Abi.X86_64].keys()
    variants = {
        name
        for name in own
        for known in multiplexers()
        if name in (f"{known}2", f"{known}64", f"{known}_time64")
    }
    hidden = {
        name
        for name in variants
        for known in multiplexers()
        if hidden_way(Syscall(name, Abi.I386), Syscall(known, argument="CLASS"))
    }
    assert (
        hidden
        == variants
        == {*("mmap2", "fcntl64", "futex_time64", "recvmmsg_time64", "clock_nanosleep_time64")}
    )


def test_where_conditions_prove_nothing() -> None:
    blind = {name for name in multiplexers() if is_blind(name)}
    assert blind == {
        "socket", "socketpair", "setsockopt", "sendto", "sendmsg", "sendmmsg", "recvfrom",
        "recvmsg", "recvmmsg", "shmget", "mmap",
    }  # fmt: skip


def test_plain_is_no_class_to_hide() -> None:
    for each in indirect_syscalls():
        for effect in each.effects:
            if effect.argument == EVERY:
                assert not effect.makes(Syscall(effect.call, argument=PLAIN))
