"""System call and capability numbers, from Linux' own headers (`script/tables` writes the file)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from importlib import resources

import msgspec

from beacon.model.event import Abi, Syscall, parse_event

#: The 32-bit ABIs pass arguments in other registers, or split and joined otherwise: their calls
#: have no argument classes.
WITHOUT_CLASSES = frozenset({Abi.I386, Abi.ARM})

#: Where the numbers begin that 32-bit arm keeps for itself (arch/arm/include/uapi/asm/unistd.h).
PRIVATE = 0xF0000


class KernelTables(msgspec.Struct, frozen=True):
    """Names to numbers as the headers of Linux `linux` have them; `source` says which files."""

    source: str
    linux: str
    syscalls: dict[Abi, dict[str, int]]
    capabilities: dict[str, int]


@cache
def tables() -> KernelTables:
    """The tables, read once."""
    raw = resources.files("beacon.data").joinpath("kernel.json").read_bytes()
    return msgspec.json.decode(raw, type=KernelTables)


@cache
def _names(abi: Abi) -> dict[int, str]:
    return {number: name for name, number in tables().syscalls[abi].items()}


def syscall_name(abi: Abi, number: int) -> str:
    """The call's name, or `syscall_NUMBER` for a number that the tables do not name."""
    return _names(abi).get(number, f"syscall_{number}")


def is_syscall(name: str) -> bool:
    """Whether any ABI has a call of this name."""
    return any(name in calls for calls in tables().syscalls.values())


def calls_of(abi: Abi, spelt: Iterable[str]) -> Iterator[Syscall]:
    """Those calls that an ABI has, of some that are spelt for x86-64."""
    for event in map(parse_event, spelt):
        if isinstance(event, Syscall) and event.name in tables().syscalls[abi]:
            yield Syscall(event.name, abi, None if abi in WITHOUT_CLASSES else event.argument)


@cache
def _capabilities() -> dict[int, str]:
    return {number: name for name, number in tables().capabilities.items()}


def capability_name(number: int) -> str:
    """The capability's name, or `CAP_NUMBER` for one that the tables do not name."""
    return _capabilities().get(number, f"CAP_{number}")


def is_capability(name: str) -> bool:
    """Whether the kernel has a capability of this name (`CAP_NET_ADMIN`)."""
    return name in tables().capabilities
