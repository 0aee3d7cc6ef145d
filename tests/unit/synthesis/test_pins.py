"""Pins that something else would defeat: made good, refused, or said aloud."""

from __future__ import annotations

import re

import msgspec
import pytest

from beacon.errors import ExitCode, UsageError
from beacon.model.event import Abi, Phase, Syscall, parse_event
from beacon.model.intent import Intent
from beacon.model.launch import Launch
from beacon.model.observation import ClassCount, SyscallCount
from beacon.model.policy import Policy
from beacon.synthesis.intents import with_pins
from beacon.synthesis.pins import notes
from beacon.synthesis.synthesize import synthesize
from builders import call, check, profile, run


def seen(text: str, phase: Phase = Phase.SERVE) -> SyscallCount:
    event = parse_event(text)
    assert isinstance(event, Syscall)
    found = call(event.name, phase, abi=event.abi)
    if event.argument is None:
        return found
    part = (ClassCount(event.argument, 1, 0, ("server",)),)
    return msgspec.structs.replace(found, classes=part)


def policy(
    *calls: str,
    allow: tuple[str, ...] = (),
    deny: tuple[str, ...] = (),
    launch: Launch | None = None,
) -> Policy:
    recorded = profile(run(*(seen(each, Phase.START) for each in calls)), launch=launch)
    return synthesize(recorded, with_pins(Intent(), allow, deny))


def allows(found: Policy, text: str) -> bool:
    return parse_event(text) in found.events()


@pytest.mark.parametrize(
    ("calls", "deny", "gone", "kept"),
    [
        (["clone3"], ["clone(CLONE_NEWUSER)", "unshare(CLONE_NEWUSER)"], "clone3", "clone(plain)"),
        (["clone3"], ["unshare(CLONE_NEWNS)"], "clone3", "clone(plain)"),
        (["io_uring_setup", "read"], ["openat"], "io_uring_setup", "read"),
        (["io_uring_setup", "read"], ["openat2"], "io_uring_setup", "read"),
        (
            ["io_uring_setup", "socket(AF_INET,SOCK_STREAM,0x0)"],
            ["socket(AF_ALG,SOCK_SEQPACKET,0x0)"],
            "io_uring_setup",
            "socket(AF_INET,SOCK_STREAM,0x0)",
        ),
        (["process_madvise", "madvise(MADV_FREE)"], ["madvise(MADV_PAGEOUT)"], "process_madvise",
         "madvise(MADV_FREE)"),
        (["copy_file_range", "read"], ["ioctl(FICLONE)"], "copy_file_range", "read"),
    ],
)  # fmt: skip
def test_made_good_by_denying_what_has_a_fallback(
    calls: list[str], deny: list[str], gone: str, kept: str
) -> None:
    assert allows(policy(*calls), gone)
    found = policy(*calls, deny=tuple(deny))
    assert not allows(found, gone)
    assert gone in found.not_implemented
    assert allows(found, kept)
    (dropped,) = [each for each in found.entries if each.event == parse_event(gone)]
    assert dropped.because == f"would defeat what is pinned as denied: {', '.join(deny)}"
    (note,) = notes(found)
    assert note.startswith(f"{gone} is denied with {', '.join(deny)}, which it would defeat")
    assert "ENOSYS" in note


@pytest.mark.parametrize(
    ("calls", "allow", "deny", "names"),
    [
        # Pinned as allowed: it may not go.
        (["clone3"], ["clone3"], ["clone(CLONE_NEWUSER)"], "clone3"),
        (["read"], ["io_uring_setup"], ["openat"], "io_uring_setup"),
        # Nobody falls back from these.
        (["i386:socketcall"], [], ["socket"], "i386:socketcall"),
        (["i386:socketcall"], [], ["socket(AF_ALG,SOCK_SEQPACKET,0x0)"], "i386:socketcall"),
        (["i386:ipc"], [], ["shmget"], "i386:ipc"),
        (["i386:mmap2"], [], ["mmap(PROT_WRITE|PROT_EXEC)"], "i386:mmap2"),
        (["i386:mmap"], [], ["mmap(PROT_WRITE|PROT_EXEC)"], "i386:mmap"),
        (["i386:fcntl64"], [], ["fcntl(F_NOTIFY)"], "i386:fcntl64"),
        (["setns(plain)"], [], ["setns(CLONE_NEWNS)"], "setns(plain)"),
        (["pkey_mprotect"], [], ["mprotect(PROT_WRITE|PROT_EXEC)"], "pkey_mprotect"),
        (["shmat"], [], ["mmap(PROT_WRITE|PROT_EXEC)"], "shmat"),
        (["personality(READ_IMPLIES_EXEC)"], [], ["mmap(PROT_EXEC)"],
         "personality(READ_IMPLIES_EXEC)"),
        (["seccomp"], [], ["prctl(PR_SET_SECCOMP)"], "seccomp"),
        (["open_tree_attr"], [], ["mount(MS_BIND)"], "open_tree_attr"),
        (["ioctl(USERFAULTFD_IOC_NEW)"], [], ["userfaultfd"], "ioctl(USERFAULTFD_IOC_NEW)"),
        # A filter cannot tell them apart.
        (["ioctl"], [], ["ioctl(TIOCSTI)"], "ioctl"),
        (["read", "i386:getpid"], [], ["i386:read"], "read"),
        # The rule for the one holds on i386's socketcall, whatever its arguments.
        (["socket(AF_INET,SOCK_STREAM,0x0)", "i386:getpid"], [],
         ["socket(AF_ALG,SOCK_SEQPACKET,0x0)"], "socket(AF_INET,SOCK_STREAM,0x0)"),
        (["mmap(NONE)", "i386:getpid"], [], ["mmap(PROT_EXEC)"], "mmap(NONE)"),
    ],
)  # fmt: skip
def test_refused_by_a_sentence_that_names_it(
    calls: list[str], allow: list[str], deny: list[str], names: str
) -> None:
    with pytest.raises(UsageError) as failure:
        policy(*calls, allow=tuple(allow), deny=tuple(deny))
    assert failure.value.exit_code is ExitCode.USAGE
    assert f"{deny[0]} cannot be denied while {names} is allowed (" in str(failure.value)


@pytest.mark.parametrize(
    ("call", "deny", "fallback"),
    [
        ("clone3", ["clone(CLONE_NEWUSER)", "clone(plain)"], "clone(plain)"),
        ("open_tree", ["mount(MS_BIND)"], "mount(MS_BIND)"),
        ("fsopen", ["mount(plain)"], "mount(plain)"),
        ("copy_file_range", ["ioctl(FICLONE)", "sendfile"], "sendfile"),
    ],
)
def test_a_call_whose_fallback_is_denied_does_not_go(
    call: str, deny: list[str], fallback: str
) -> None:
    said = f"without {call}, whose callers fall back to {fallback}, which is denied"
    with pytest.raises(UsageError, match=re.escape(said)):
        policy(call, deny=tuple(deny))


def test_a_call_goes_with_its_fallback_where_both_are_denied() -> None:
    everything = policy("clone3", deny=("clone3", "clone(CLONE_NEWUSER)", "clone(plain)"))
    assert not allows(everything, "clone3")


@pytest.mark.parametrize(
    ("calls", "deny"),
    [
        (["clone3"], "clone(plain)"),
        (["clone(CLONE_NEWUSER)"], "unshare(CLONE_NEWUSER)"),
        (["unshare(CLONE_NEWUSER)", "clone(plain)"], "clone(CLONE_NEWUSER)"),
        (["sendmsg(MSG_OOB)"], "sendto(MSG_OOB)"),
        (["openat"], "openat2"),
        (["io_uring_enter"], "openat"),
        (["socket(AF_INET,SOCK_STREAM,0x0)"], "socket(AF_ALG,SOCK_SEQPACKET,0x0)"),
        (["clone(plain)", "i386:getpid"], "clone(CLONE_NEWUSER)"),
        (["read"], "i386:read"),
    ],
)
def test_denials_that_hold(calls: list[str], deny: str) -> None:
    found = policy(*calls, deny=(deny,))
    assert all(allows(found, each) for each in calls)
    assert not allows(found, deny)
    assert notes(found) == []


def test_a_denial_by_name_says_what_it_leaves() -> None:
    found = policy("clone3", deny=("unshare", "clone"))
    assert allows(found, "clone3")
    assert notes(found) == [
        "clone, unshare: denied by name alone; clone3, which is allowed, has effects of the same "
        "kind."
    ]


@pytest.mark.parametrize("maker", ["clone(CLONE_NEWUSER)", "unshare(CLONE_NEWUSER)", "clone3"])
def test_a_capability_that_a_user_namespace_gives_back(maker: str) -> None:
    assert notes(policy(maker, deny=("CAP_NET_ADMIN",))) == [
        "CAP_NET_ADMIN: denied in the container's own user namespace; in one that "
        f"{maker} makes, a process has every capability."
    ]
    assert notes(policy("clone(CLONE_NEWNS)", deny=("CAP_NET_ADMIN",))) == []


def test_a_denial_on_an_abi_that_is_not_there() -> None:
    assert notes(policy("i386:keyctl", deny=("keyctl",))) == [
        "keyctl is denied on x86_64, which this policy does not have; it allows i386:keyctl."
    ]


def test_what_is_allowed_in_vain_or_allows_more() -> None:
    launch = Launch(cap_drop=("NET_RAW",))
    assert notes(policy("read", allow=("CAP_NET_RAW",), launch=launch)) == [
        "CAP_NET_RAW is pinned as allowed, but --cap-drop of the launch takes it away."
    ]
    opened = policy("read", allow=("i386:getpid",))
    assert opened.abis == (Abi.I386, Abi.X86_64)
    assert notes(opened) == [
        "i386:getpid is pinned as allowed, and no run used i386: every allowed call can now be "
        "made on i386 as well."
    ]
    assert notes(policy("read", "i386:read", allow=("i386:getpid",))) == []


def test_no_pin_says_nothing() -> None:
    checks = (check("CAP_NET_ADMIN"),)
    recorded = profile(run(seen("clone3"), seen("io_uring_setup"), capabilities=checks))
    assert notes(synthesize(recorded)) == []


def test_calls_that_only_other_abis_have() -> None:
    for pin in ((("socketcall",), ()), ((), ("x32:ipc",))):
        with pytest.raises(UsageError, match=r"has no system call \w+: name i386:\w+\."):
            with_pins(Intent(), *pin)
    assert with_pins(Intent(), ("i386:socketcall",), ()).allow == (Syscall("socketcall", Abi.I386),)


def test_a_denial_of_what_the_start_needs_is_said() -> None:
    (note,) = notes(policy("read", "write", deny=("read",)))
    assert note.startswith("read: denied as pinned, though the container needed it")
    assert notes(policy("write", deny=("read",))) == []
