"""seccomp.json in libseccomp's hands, which is what runtimes load it with."""

from __future__ import annotations

import errno
import json
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from msgspec.structs import replace

from beacon.data.arguments import PLAIN, multiplexers
from beacon.data.fallbacks import not_implemented
from beacon.data.kernel import tables
from beacon.export import seccomp, seccomp_profile
from beacon.export.seccomp import Argument, Rule, SeccompExporter, plain
from beacon.export.seccomp_profile import SeccompProfileExporter
from beacon.model.event import Abi
from beacon.model.policy import Policy
from classic_bpf import ALLOW, AUDIT_ARCH_I386, ERRNO, answered_at_once, decode, judge
from unit.export.filters import compiled, errno_of
from unit.export.policies import POLICIES, by_classes

AF_INET, AF_NETLINK, AF_ALG, SOCK_STREAM, SOCK_DGRAM, SOCK_CLOEXEC = 2, 16, 38, 1, 2, 0o2000000
CLONE_VM, CLONE_NEWNS, CLONE_NEWUSER = 0x100, 0x20000, 0x10000000

#: Every sort of rule that the format can say, whether a policy has it or not.
SORTS = (
    Rule(("read", "getsockopt"), "SCMP_ACT_ALLOW"),
    Rule(("socket",), "SCMP_ACT_ALLOW", args=(Argument(0, AF_INET, "SCMP_CMP_EQ"),)),
    Rule(("socket",), "SCMP_ACT_ERRNO", errno.EAFNOSUPPORT, (Argument(0, 16, "SCMP_CMP_EQ"),)),
    Rule(("lseek",), "SCMP_ACT_ALLOW", args=(Argument(2, 2, "SCMP_CMP_LE"),)),
    Rule(
        ("clone",),
        "SCMP_ACT_ALLOW",
        args=(Argument(0, CLONE_NEWUSER, "SCMP_CMP_MASKED_EQ", 0),),
    ),
)


def sorts(policy: Policy) -> Iterator[Rule]:
    yield from SORTS


def profile_of(policy: Policy) -> dict[str, Any]:
    document = json.loads(SeccompExporter().render(policy))
    assert isinstance(document, dict)
    return document


@pytest.mark.parametrize("name", POLICIES)
def test_libseccomp_takes_every_rule(name: str) -> None:
    program = compiled(profile_of(POLICIES[name]()))
    if name == "plain":
        assert errno_of(program, "read") is None
        assert errno_of(program, "mount") == errno.EPERM
        assert errno_of(program, "clone3") == errno.ENOSYS


def test_libseccomp_takes_every_sort_of_rule(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seccomp, "rules", sorts)
    program = compiled(profile_of(POLICIES["plain"]()))
    assert errno_of(program, "socket", AF_INET) is None
    assert errno_of(program, "socket", AF_NETLINK) == errno.EAFNOSUPPORT
    assert errno_of(program, "socket", AF_ALG) == errno.EPERM
    assert [errno_of(program, "lseek", 0, 0, whence) for whence in (2, 3)] == [None, errno.EPERM]
    assert errno_of(program, "clone", CLONE_VM) is None
    assert errno_of(program, "clone", CLONE_VM | CLONE_NEWUSER) == errno.EPERM


def test_values_of_arguments() -> None:
    program = compiled(
        profile_of(
            by_classes(("socket", "AF_INET,SOCK_STREAM,0x0"), ("socket", "AF_UNIX,SOCK_DGRAM,0x0"))
        )
    )
    for kind in (SOCK_STREAM, SOCK_STREAM | SOCK_CLOEXEC):
        assert errno_of(program, "socket", AF_INET, kind, 0) is None
    for values in ((AF_INET, SOCK_DGRAM, 0), (AF_INET, SOCK_STREAM, 262), (AF_ALG, SOCK_STREAM, 0)):
        assert errno_of(program, "socket", *values) == errno.EPERM
    # The kernel reads an int: what is above it in the register must not matter.
    assert errno_of(program, "socket", AF_INET | 1 << 32, SOCK_STREAM, 0) is None


@pytest.mark.parametrize(
    ("allowed", "denied"),
    [
        (("plain",), (CLONE_NEWNS, CLONE_NEWUSER, CLONE_NEWNS | CLONE_NEWUSER)),
        (("plain", "CLONE_NEWNS"), (CLONE_NEWUSER, CLONE_NEWNS | CLONE_NEWUSER)),
        (
            ("plain", "CLONE_NEWNS", "CLONE_NEWCGROUP", "CLONE_NEWUTS", "CLONE_NEWIPC",
             "CLONE_NEWUSER", "CLONE_NEWPID", "CLONE_NEWNET"),
            (),
        ),
    ],
    ids=["plain", "one", "all"],
)  # fmt: skip
def test_flags(allowed: tuple[str, ...], denied: tuple[int, ...]) -> None:
    program = compiled(profile_of(by_classes(*(("clone", name) for name in allowed))))
    assert errno_of(program, "clone", CLONE_VM) is None
    for flags in (CLONE_NEWNS, CLONE_NEWUSER, CLONE_NEWNS | CLONE_NEWUSER):
        assert errno_of(program, "clone", CLONE_VM | flags) == (
            errno.EPERM if flags in denied else None
        )


@pytest.mark.parametrize("call", ["mprotect", "recvfrom"])
def test_all_classes_of_a_call_need_no_run_of_the_filter(call: str) -> None:
    (argument,) = multiplexers()[call].arguments
    every = [*argument.names, *([PLAIN] if multiplexers()[call].has_flags else [])]
    number = tables().syscalls[Abi.X86_64][call]

    def at_once(allowed: list[str]) -> bool:
        program = compiled(profile_of(by_classes(*((call, each) for each in allowed))))
        return answered_at_once(decode(program), number)

    assert at_once(every)
    assert not any(at_once([each for each in every if each != name]) for name in argument.names)


def test_i386_multiplexers_are_no_way_around_a_class() -> None:
    classed = by_classes(("socket", "AF_INET,SOCK_STREAM,0x0"), ("shmget", "plain"))
    both = replace(classed, abis=(Abi.I386, Abi.X86_64))
    names = tables().syscalls[Abi.I386]
    # socketcall(SYS_SOCKET, pointer) and ipc(SHMGET, …); the pointer looks like the wanted type.
    ways = {"socketcall": (1, 0x8001), "ipc": (23,)}

    def answers(policy: Policy) -> dict[str, int]:
        program = decode(compiled(profile_of(policy)))
        return {
            name: judge(program, names[name], arguments, AUDIT_ARCH_I386)
            for name, arguments in ways.items()
        }

    # libseccomp opens them for whatever call behind them has a rule.
    assert set(answers(both).values()) == {ALLOW}
    closed = replace(both, not_implemented=not_implemented(both.names(), both.abis))
    assert set(answers(closed).values()) == {ERRNO | errno.ENOSYS}
    program = decode(compiled(profile_of(closed)))
    direct = [judge(program, names["socket"], (of, 1), AUDIT_ARCH_I386) for of in (2, 38)]
    assert direct == [ALLOW, ERRNO | errno.EPERM]


def test_a_rule_that_libseccomp_refuses_is_noticed() -> None:
    profile = profile_of(POLICIES["plain"]())
    profile["syscalls"].append({"names": ["no_such_call"], "action": "SCMP_ACT_ALLOW"})
    with pytest.raises((OSError, ValueError)):
        compiled(profile)


@pytest.mark.parametrize("name", POLICIES)
def test_both_formats_have_the_same_rules(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for changed in (False, True):
        if changed:
            monkeypatch.setattr(seccomp, "rules", sorts)
            monkeypatch.setattr(seccomp_profile, "rules", sorts)
        profile = profile_of(POLICIES[name]())
        resource = yaml.safe_load(SeccompProfileExporter().render(POLICIES[name]()))
        for key in ("defaultAction", "architectures", "syscalls"):
            assert resource["spec"][key] == profile[key]


def test_fields_that_do_not_apply_are_left_out() -> None:
    assert plain(SORTS[0]) == {"names": ("read", "getsockopt"), "action": "SCMP_ACT_ALLOW"}
