"""What a policy must know of calls that are not made on purpose, or not by their own name."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from enum import StrEnum
from functools import cache

import msgspec

from beacon.data.kernel import tables
from beacon.data.table import read_table
from beacon.model.architecture import with_native
from beacon.model.event import Abi

#: From this number on (Linux 5.1) every ABI has the same numbers, and a call that is not allowed
#: does not exist, as runc says it of the numbers above those that a profile names.
FIRST_NEW = 424

#: Calls of the i386 ABI that are many calls, by their first argument. libseccomp lets each through
#: for whatever call behind it a rule allows, without a look at the arguments, which lie behind a
#: pointer or in other places: only a rule for the whole call keeps it denied.
I386_MULTIPLEXERS: dict[str, str] = {
    "ipc": "it makes other calls with arguments that no filter can see",
    "socketcall": "it makes other calls with arguments that no filter can see",
}


class Seen(StrEnum):
    """How it is known what callers do: by a test, by hand, or from the source alone."""

    TEST = "test"
    RUN = "run"
    READ = "read"


class Caller(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Whose function falls back (project, version), where that is written, and what EPERM does."""

    who: str
    function: str
    file: str
    eperm: str
    seen: Seen


class Fallback(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Calls, each with what its callers make in its place where the kernel has not got it.

    The latter are written as `str` writes an event, for x86-64. None of them: callers
    go on without.
    """

    calls: dict[str, tuple[str, ...]]
    callers: tuple[Caller, ...]
    note: str = ""


class _Table(msgspec.Struct, forbid_unknown_fields=True):
    fallbacks: tuple[Fallback, ...]


@cache
def fallbacks() -> tuple[Fallback, ...]:
    """The table, read once."""
    return read_table("fallbacks.toml", _Table).fallbacks


@cache
def _by_call() -> Mapping[str, Fallback]:
    return {call: each for each in fallbacks() for call in each.calls}


def has_fallback(name: str) -> bool:
    """Whether the call's callers do the next best where the kernel has not got it."""
    return name in _by_call()


def made_instead(name: str) -> tuple[str, ...]:
    """What callers make in place of a call that is answered with ENOSYS."""
    return _by_call()[name].calls[name] if has_fallback(name) else ()


@cache
def _new() -> frozenset[str]:
    """The calls that a kernel before 5.1 has not got."""
    return frozenset(
        n for n, number in tables().syscalls[Abi.X86_64].items() if number >= FIRST_NEW
    )


def not_implemented(allowed: Collection[str], abis: Collection[Abi]) -> tuple[str, ...]:
    """The calls that a policy answers with ENOSYS if it allows these names on these ABIs."""
    there = {name for abi in with_native(abis) for name in tables().syscalls[abi]}
    wanted = {*_by_call(), *_new(), *(I386_MULTIPLEXERS if Abi.I386 in abis else ())}
    return tuple(sorted((wanted & there).difference(allowed)))


def why_not_implemented(name: str) -> str:
    """Why a policy answers this call with ENOSYS."""
    if found := _by_call().get(name):
        return "; ".join(filter(None, (found.note, _what_callers_do(found, name))))
    if name in _new():
        return "newer than Linux 5.0, so its callers know kernels without it"
    return I386_MULTIPLEXERS.get(name, "the policy says so")


def _what_callers_do(found: Fallback, name: str) -> str:
    who = ", ".join(each.who for each in found.callers)
    instead = " or ".join(found.calls[name])
    return f"{who}: {f'fall back to {instead}' if instead else 'go on without'}"
