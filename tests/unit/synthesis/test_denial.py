"""What a denied call gets, by runc's and libseccomp's logic (tests/e2e asks the kernel)."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from beacon.data import libseccomp
from beacon.data.cves import cves
from beacon.data.kernel import tables
from beacon.data.libseccomp import OLDEST, known_since, unknown_to, versions
from beacon.model.architecture import Architecture
from beacon.model.event import Abi, Syscall, parse_event
from beacon.model.intent import Intent
from beacon.model.policy import Policy
from beacon.synthesis.denial import Answer, denied_with, named, unknown_to_some
from beacon.synthesis.explain import explain
from beacon.synthesis.synthesize import synthesize
from builders import call, profile, run

OLD, OLDER, NEW = unknown_to((2, 5, 4)), unknown_to(OLDEST), unknown_to(versions()[-1])


def policy(*names: str) -> Policy:
    calls = [parse_event(name) for name in names]
    assert all(isinstance(each, Syscall) for each in calls)
    return synthesize(profile(run(call("execve"))), Intent(allow=tuple(calls)))


def said(of: Policy, event: str) -> str:
    (found,) = explain(of, parse_event(event), cves())
    return found.denied_with


def number(name: str, abi: Abi = Abi.X86_64) -> int:
    return tables().syscalls[abi][name]


def test_the_default_and_a_rule() -> None:
    plain = policy()
    assert said(plain, "ptrace") == "EPERM"
    assert said(plain, "clone3").startswith("ENOSYS: its flags lie behind a pointer")
    profile = named(plain)
    for version in versions():
        assert profile.denial(Abi.X86_64, number("ptrace"), unknown_to(version)) is Answer.EPERM
        assert profile.denial(Abi.X86_64, number("clone3"), unknown_to(version)) is Answer.ENOSYS


def test_what_is_above_the_highest_number_is_not_there() -> None:
    edited = replace(policy(), not_implemented=("map_shadow_stack",))
    assert said(edited, "mseal").startswith("ENOSYS: above the highest number")
    highest = named(edited).highest(Abi.X86_64, NEW)
    assert highest == number("map_shadow_stack")
    assert named(edited).denial(Abi.X86_64, highest + 1, NEW) is Answer.ENOSYS
    assert named(edited).denial(Abi.X86_64, highest - 3, NEW) is Answer.EPERM


@pytest.mark.parametrize("version", versions())
def test_what_is_new_is_not_there_whatever_libseccomp_knows(version: tuple[int, ...]) -> None:
    plain = policy()
    assert said(plain, "mseal").startswith("ENOSYS: newer than Linux 5.0")
    for name in ("set_mempolicy_home_node", "fchmodat2", "mseal", "rseq_slice_yield"):
        assert named(plain).denial(Abi.X86_64, number(name), unknown_to(version)) is Answer.ENOSYS


def test_how_high_that_is_depends_on_what_libseccomp_knows() -> None:
    plain = policy()
    assert named(plain).highest(Abi.X86_64, OLD) == number("set_mempolicy_home_node")
    assert named(plain).highest(Abi.X86_64, OLDER) == number("faccessat2")
    edited = replace(plain, not_implemented=("cachestat", "fchmodat2"))
    home = number("set_mempolicy_home_node")
    assert named(edited).denial(Abi.X86_64, home, OLD) is Answer.ENOSYS
    assert named(edited).denial(Abi.X86_64, home, NEW) is Answer.EPERM
    words = "EPERM (ENOSYS where runc's libseccomp knows none of cachestat, fchmodat2)"
    assert said(edited, "set_mempolicy_home_node") == words
    # A name that it lacks is above all that it knows: the answer is the same without a rule.
    assert said(plain, "fchmodat2").startswith("ENOSYS: ")
    assert "libseccomp" not in said(plain, "fchmodat2")
    # Below others that it has known for longer, the default answers.
    words = "(EPERM where runc's libseccomp does not know close_range)"
    assert said(plain, "close_range").endswith(words)
    assert named(plain).denial(Abi.X86_64, number("close_range"), OLDER) is Answer.EPERM


def test_what_is_allowed_is_answered_as_if_it_were_not() -> None:
    assert said(policy("mseal"), "mseal").startswith("ENOSYS: newer")
    assert said(policy("clone3"), "clone3").startswith("ENOSYS: its flags")
    assert said(policy("ptrace"), "ptrace") == "EPERM"


def test_a_class_among_others_gets_the_default() -> None:
    two = policy("pipe2(plain)", "pipe2(O_NOTIFICATION_PIPE)")
    one = policy("pipe2(plain)")
    assert said(two, "pipe2(O_NOTIFICATION_PIPE)") == "EPERM"
    assert said(one, "pipe2(O_NOTIFICATION_PIPE)") == "EPERM"
    assert said(one, "pipe2(plain)").startswith("ENOSYS: musl")


def test_an_abi_that_the_policy_lacks() -> None:
    plain = policy()
    for abi in (Abi.I386, Abi.X32):
        assert said(plain, f"{abi}:getpid").startswith(
            f"SIGSYS: a policy without calls of the ABI {abi}"
        )
        for version in versions():
            assert named(plain).denial(abi, 1 << 20, unknown_to(version)) is Answer.KILLED
    both = policy("i386:getpid")
    assert said(both, "i386:getppid") == "EPERM"
    assert named(both).denial(Abi.I386, 1 << 20, OLD) is Answer.ENOSYS
    # Without its only call, the ABI would be gone.
    assert said(both, "i386:getpid").startswith("SIGSYS")


def test_a_call_that_an_abi_does_not_have() -> None:
    assert said(policy(), "socketcall") == "nothing: x86_64 has no call of this name"
    assert said(policy(), "x32:socketcall") == "nothing: x32 has no call of this name"


def test_each_abi_has_a_highest_number_of_its_own() -> None:
    every = policy("i386:getpid", "x32:getpid")
    highest = {abi: named(every).highest(abi, NEW) for abi in Architecture.AMD64.abis}
    assert highest == {Abi.X86_64: 471, Abi.I386: 471, Abi.X32: 547}
    shadow = number("map_shadow_stack", Abi.X32)
    assert named(every).denial(Abi.X32, shadow, NEW) is Answer.ENOSYS
    assert named(every).denial(Abi.X32, shadow, unknown_to((2, 5, 5))) is Answer.EPERM
    assert named(every).denial(Abi.X86_64, shadow, unknown_to((2, 5, 5))) is Answer.ENOSYS
    assert named(every).denial(Abi.X32, 500, NEW) is Answer.EPERM
    assert named(every).denial(Abi.X86_64, 500, NEW) is Answer.ENOSYS


def test_multiplexers_are_closed_where_the_policy_has_the_abi() -> None:
    assert not {"ipc", "socketcall"} & {*policy().not_implemented}
    both = policy("i386:getpid")
    assert {"ipc", "socketcall"} < {*both.not_implemented}
    assert said(both, "i386:ipc").startswith("ENOSYS: it makes other calls")
    allowed = policy("i386:getpid", "i386:socketcall")
    assert "socketcall" not in allowed.not_implemented
    assert "ipc" in allowed.not_implemented


def test_names_that_some_libseccomp_lacks() -> None:
    events = policy("mseal", "uprobe", "read", "memfd_secret").events()
    assert unknown_to_some(events) == {
        "memfd_secret": "2.5.2",
        "mseal": "2.6.0",
        "uprobe": "2.6.1",
    }


@pytest.mark.parametrize("foreign", ["no_such_call", "close_range"])
def test_a_document_may_name_anything(foreign: str) -> None:
    edited = replace(policy(), not_implemented=(foreign,))
    assert named(edited).denial(Abi.X86_64, number("close_range"), NEW) in Answer
    assert denied_with(edited, Syscall("close_range")).startswith("ENOSYS")


def test_the_table_names_calls_that_exist() -> None:
    everywhere = {name for calls in tables().syscalls.values() for name in calls}
    assert {name.removeprefix("x32:") for name in libseccomp._since()} < everywhere
    assert known_since("read") == versions()[0] == OLDEST
    # All newer than the last call that the oldest of these versions knew.
    last = number("faccessat2")
    assert {name for name, n in tables().syscalls[Abi.X86_64].items() if n > last} <= set(
        libseccomp._since()
    )
