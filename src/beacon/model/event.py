"""Events: what a policy allows or denies."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Abi(StrEnum):
    """The door by which a system call entered; each has numbers of its own."""

    X86_64 = "x86_64"
    I386 = "i386"
    X32 = "x32"


class Phase(StrEnum):
    """When in a container's life an event happened."""

    RUNTIME = "runtime"  # the container runtime, after the filter, before the entry point's execve
    START = "start"
    SERVE = "serve"
    SHUTDOWN = "shutdown"
    EXEC = "exec"  # processes that somebody brought in from outside (docker exec)


class Syscall(msgspec.Struct, frozen=True, order=True, tag="syscall"):
    """A system call; `argument` is its argument class (`AF_INET`) once the monitor tells one."""

    name: str
    abi: Abi = Abi.X86_64
    argument: str | None = None


class Capability(msgspec.Struct, frozen=True, order=True, tag="capability"):
    """A capability by its kernel name (`CAP_NET_ADMIN`)."""

    name: str


Event = Syscall | Capability
