"""Events: what a policy allows or denies."""

from __future__ import annotations

import re
from enum import StrEnum

import msgspec


class Abi(StrEnum):
    """The ABI by which a system call entered; each has numbers of its own."""

    X86_64 = "x86_64"
    I386 = "i386"
    X32 = "x32"
    AARCH64 = "aarch64"
    ARM = "arm"  # AArch32 programs on a 64-bit kernel


class Phase(StrEnum):
    """When in a container's life an event happened."""

    RUNTIME = "runtime"  # the container runtime, after the filter, before the entry point's execve
    START = "start"
    SERVE = "serve"
    SHUTDOWN = "shutdown"
    EXEC = "exec"  # processes that somebody brought in from outside (docker exec)


class Syscall(msgspec.Struct, frozen=True, gc=False, tag="syscall"):
    """A system call; `argument` is its argument class (`AF_UNIX,SOCK_STREAM,0x0`).

    None stands for the call whatever its arguments.
    """

    name: str
    abi: Abi = Abi.X86_64
    argument: str | None = None

    def __str__(self) -> str:
        """`socket(AF_UNIX,SOCK_STREAM,0x0)`, `i386:read`."""
        name = self.name if self.abi is Abi.X86_64 else f"{self.abi}:{self.name}"
        return name if self.argument is None else f"{name}({self.argument})"


class Capability(msgspec.Struct, frozen=True, gc=False, tag="capability"):
    """A capability by its kernel name (`CAP_NET_ADMIN`)."""

    name: str

    def __str__(self) -> str:
        """The name."""
        return self.name


Event = Syscall | Capability


def without_argument(event: Event) -> Event:
    """The call whatever its arguments; anything else as it is."""
    if isinstance(event, Syscall) and event.argument is not None:
        return Syscall(event.name, event.abi)
    return event


def sort_key(event: Event) -> tuple[bool, str, str, str]:
    """A key to sort by: system calls by name, ABI and argument, then capabilities."""
    if isinstance(event, Capability):
        return True, event.name, "", ""
    return False, event.name, event.abi, event.argument or ""


_SYSCALL = re.compile(rf"(?:({'|'.join(Abi)}):)?([a-z0-9_]+)(?:\(([^()\s]+)\))?", re.ASCII)
_CAPABILITY = re.compile(r"CAP_[A-Z_]+", re.ASCII)


def parse_event(text: str) -> Event:
    """The event that `str` writes so; ValueError for what is none. Nothing says that it exists."""
    if _CAPABILITY.fullmatch(text):
        return Capability(text)
    match = _SYSCALL.fullmatch(text)
    if match is None:
        raise ValueError(text)
    return Syscall(match[2], Abi(match[1] or "x86_64"), match[3])
