from __future__ import annotations

from collections import Counter

import pytest

from beacon.data.arguments import PLAIN, ArgumentKind, canonical, multiplexers
from beacon.data.indirect_syscalls import EVERY, indirect_syscalls
from beacon.data.kernel import tables
from beacon.data.surface import HARMLESS, Rule, is_harmless, surface, weight_of
from beacon.model.event import Abi, Capability, Syscall, parse_event

_DOORS = {"ipc", "socketcall"}


def _names() -> set[str]:
    return {name for calls in tables().syscalls.values() for name in calls}


def test_every_call_is_judged_once() -> None:
    judged = [call for group in surface().groups for call in group.calls]
    judged += [classes.call for classes in surface().classes]
    judged += [*surface().i386, *surface().arm]
    assert [call for call, count in Counter(judged).items() if count > 1] == []
    assert set(judged) | _DOORS == _names()


def test_names_of_32_bits_stand_for_calls_that_are_judged() -> None:
    ours = tables().syscalls[Abi.X86_64]
    for abi, names in ((Abi.I386, surface().i386), (Abi.ARM, surface().arm)):
        assert all(name in tables().syscalls[abi] and name not in ours for name in names)
        assert all(name in ours for name in names.values())


def test_every_call_with_classes_is_judged_by_them() -> None:
    assert {classes.call for classes in surface().classes} == set(multiplexers())


def test_every_level_is_used_and_levels_ascend() -> None:
    levels = surface().levels
    weights = [level.weight for level in levels.values()]
    assert weights == sorted(weights)
    rules = [rule for classes in surface().classes for rule in classes.rules]
    used = {group.level for group in surface().groups} | {rule.level for rule in rules}
    assert used == set(levels)
    assert levels["common"].weight == HARMLESS


def test_every_judgement_has_its_reason() -> None:
    for group in surface().groups:
        assert all([group.name, group.touches, group.why, group.calls])
    for classes in surface().classes:
        assert classes.touches
        assert all(rule.why and rule.patterns for rule in classes.rules)


@pytest.mark.parametrize("call", multiplexers())
def test_every_pattern_judges_a_class(call: str) -> None:
    """A pattern that a rule before it covers, or that no class is spelt like, says nothing."""
    (classes,) = (each for each in surface().classes if each.call == call)
    examples = list(_examples(call))
    for rule in classes.judged:
        for pattern in rule.patterns:
            alone = Rule(level=rule.level, why=rule.why, patterns=(pattern,))
            assert any(alone.covers(each) and classes.rule(each) is rule for each in examples), (
                pattern
            )


def _examples(call: str) -> set[str]:
    """A class for every combination of names, and for the numbers that patterns name."""
    (classes,) = (each for each in surface().classes if each.call == call)
    first, *others = multiplexers()[call].arguments
    if first.kind is ArgumentKind.FLAGS:
        return {PLAIN, *first.names}
    found = [[name] for name in [*first.names, hex(first.mask)]]
    for argument in others:
        found = [
            [*words, name]
            for words in found
            for name in [
                *(argument.names if argument.by is None else argument.names_by.get(words[0], {})),
                "0x0",
                hex(argument.mask),
            ]
        ]
    numbers = {p for rule in classes.judged for p in rule.patterns if p.startswith("0x")}
    return {",".join(words) for words in found} | {canonical(call, number) for number in numbers}


@pytest.mark.parametrize(
    "event",
    [
        "ioctl(TIOCSTI)",
        "prctl(PR_SET_MM)",
        "io_uring_setup",
        "userfaultfd",
        "keyctl",
        "ptrace",
        "clone(CLONE_NEWUSER)",
        "unshare(CLONE_NEWNET)",
        "clone3",
        "setns",
        "add_key",
        "bpf",
        "perf_event_open",
        "fsconfig",
        "mount",
        "vmsplice",
        "splice",
        "socket(AF_VSOCK,SOCK_STREAM,0x0)",
        "socket(AF_PACKET,SOCK_RAW,0x300)",
        "socket(AF_ALG,SOCK_SEQPACKET,0x0)",
        "setsockopt(SOL_TCP,TCP_ULP)",
        "process_vm_readv",
        "personality(READ_IMPLIES_EXEC)",
        "execveat",
        "memfd_create",
        "mprotect(PROT_EXEC)",
        "mmap(PROT_WRITE|PROT_EXEC)",
        "msgsnd",
        "setxattr",
        "sched_setaffinity",
        "io_submit",
        "futex(FUTEX_CMP_REQUEUE_PI)",
        "ioctl(0xae01)",
        "prctl(0x1234)",
        "open_by_handle_at",
        "init_module",
        "ioctl",
        "socket",
        "setsockopt",
        "prctl",
        "clone",
        "unshare",
        "i386:vm86",
        "i386:socketcall",
        "i386:ipc",
        "syscall_999",
        "CAP_SYS_ADMIN",
    ],
)
def test_what_widens_the_surface_is_not_harmless(event: str) -> None:
    assert not is_harmless(parse_event(event))


@pytest.mark.parametrize(
    "event",
    [
        "fcntl(F_GETFL)",
        "fcntl(0x999)",
        "fcntl",
        "getsockopt",
        "readv",
        "rename",
        "read",
        "mmap(PROT_EXEC)",
        "clone(plain)",
        "socket(AF_INET,SOCK_STREAM,0x0)",
        "socket(AF_UNIX,SOCK_DGRAM,0x0)",
        "epoll_wait",
        "sendto(plain)",
        "futex(FUTEX_WAIT)",
        "ioctl(FIONBIO)",
        "prctl(PR_SET_NAME)",
        "madvise(MADV_DONTNEED)",
        "i386:fcntl64",
        "i386:waitpid",
        "x32:readv",
        "getuid",
        "CAP_NET_BIND_SERVICE",
    ],
)
def test_what_gives_an_attacker_nothing_is_harmless(event: str) -> None:
    assert is_harmless(parse_event(event))


def test_a_class_without_a_judgement_has_that_of_the_others() -> None:
    (ioctl,) = (each for each in surface().classes if each.call == "ioctl")
    assert weight_of(parse_event("ioctl(0x12345)")).why == ioctl.other.why


def test_a_whole_call_is_as_bad_as_the_worst_of_its_classes() -> None:
    for classes in surface().classes:
        weights = [
            weight_of(Syscall(classes.call, argument=each)).weight
            for each in _examples(classes.call)
        ]
        assert weight_of(Syscall(classes.call)).weight == max(weights), classes.call


def test_a_call_that_makes_others_is_as_bad_as_the_worst_of_them() -> None:
    assert weight_of(parse_event("i386:ipc")) == weight_of(parse_event("msgsnd"))
    assert (
        weight_of(parse_event("i386:socketcall")).weight == weight_of(parse_event("socket")).weight
    )


def test_what_is_unknown_is_not_called_harmless() -> None:
    assert weight_of(Syscall("syscall_600")).touches == "unknown"
    assert weight_of(Capability("CAP_41")).weight == 1


#: SHM_EXEC makes memory executable, as does a mapping of any file that the process can write to.
_KNOWN = {("shmat", "mmap")}


def test_no_harmless_call_does_what_a_harmful_one_does() -> None:
    for stand_in in indirect_syscalls():
        if stand_in.call.name in _DOORS or not is_harmless(stand_in.call):
            continue
        for effect in stand_in.effects:
            argument = None if effect.argument == EVERY else effect.argument
            same = Syscall(effect.call, argument=argument)
            assert is_harmless(same) or (stand_in.call.name, effect.call) in _KNOWN, stand_in
