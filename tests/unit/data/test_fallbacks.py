from __future__ import annotations

import pytest

from beacon.data.arguments import conditions
from beacon.data.fallbacks import (
    FIRST_NEW,
    I386_MULTIPLEXERS,
    fallbacks,
    has_fallback,
    made_instead,
    not_implemented,
    why_not_implemented,
)
from beacon.data.kernel import is_syscall, tables
from beacon.model.event import Abi, Syscall, parse_event

CALLS = sorted(call for each in fallbacks() for call in each.calls)


def test_each_call_has_one_row() -> None:
    assert len(CALLS) == len(set(CALLS))
    assert not set(CALLS) & I386_MULTIPLEXERS.keys()


@pytest.mark.parametrize("call", CALLS)
def test_rows_speak_of_calls_that_exist(call: str) -> None:
    assert is_syscall(call)
    for spelt in made_instead(call):
        event = parse_event(spelt)
        assert isinstance(event, Syscall)
        assert is_syscall(event.name)
        assert event.name != call
        assert event.argument is None or conditions(event.name, [event.argument])


def test_an_older_call_has_a_caller_that_needs_it() -> None:
    for each in fallbacks():
        new = all(tables().syscalls[Abi.X86_64].get(call, 0) >= FIRST_NEW for call in each.calls)
        assert new or any("as well" not in caller.eperm for caller in each.callers), each.calls


def test_what_an_abi_lacks_is_not_named() -> None:
    there = tables().syscalls
    for abis in ([Abi.X86_64], [Abi.X86_64, Abi.I386], [Abi.I386], []):
        names = {name for abi in (Abi.X86_64, *abis) for name in there[abi]}
        assert set(not_implemented((), abis)) <= names
    more = set(not_implemented((), [Abi.I386])) - set(not_implemented((), []))
    assert {"clock_gettime64", "futex_time64", *I386_MULTIPLEXERS} <= more
    assert more.isdisjoint(there[Abi.X86_64])


def test_new_calls_have_one_number_on_every_abi() -> None:
    there = tables().syscalls
    numbers = {abi: {(n, of) for n, of in calls.items() if FIRST_NEW <= of < 512}
               for abi, calls in there.items()}  # fmt: skip
    assert numbers[Abi.X86_64]
    lacking = {("memfd_secret", there[Abi.X86_64]["memfd_secret"])}
    assert numbers.pop(Abi.ARM) == numbers[Abi.X86_64] - lacking
    assert all(each == numbers[Abi.X86_64] for each in numbers.values())


def test_what_is_allowed_is_implemented() -> None:
    found = not_implemented(("execveat", "mseal"), [Abi.X86_64])
    assert {"execveat", "mseal"}.isdisjoint(found)
    assert {"faccessat2", "listns", "renameat2"} < set(found)
    # EPERM is the better answer, or the one that all callers take.
    assert {"prlimit64", "futex", "membarrier", "perf_event_open", "ptrace"}.isdisjoint(found)


def test_the_reason_names_the_callers() -> None:
    assert why_not_implemented("execveat") == "glibc 2.31, musl 1.2.3: fall back to execve"
    assert why_not_implemented("rseq") == "librseq, glibc 2.35: go on without"
    assert why_not_implemented("mseal").startswith("newer than Linux 5.0")
    assert why_not_implemented("read") == "the policy says so"
    assert has_fallback("rseq")
    assert not has_fallback("mseal")
    assert made_instead("mseal") == ()
