"""What a policy must know of calls that nobody makes on purpose."""

from __future__ import annotations

from collections.abc import Collection

from beacon.model.event import Abi

#: Calls whose callers fall back to an older one only on ENOSYS; EPERM would reach the program.
#: Each with who does so.
ENOSYS_FALLBACK: dict[str, str] = {
    "cachestat": "newer than most C libraries; programs probe for it",
    "clone3": "its flags lie behind a pointer, where no filter can look; glibc 2.34 and newer fall "
    "back to clone, whose flags are in a register",
    "close_range": "glibc closefrom, CPython's subprocess: fall back to a loop of close",
    "copy_file_range": "coreutils, glibc's callers: fall back to read and write",
    "epoll_pwait2": "libraries fall back to epoll_pwait",
    "execveat": "glibc's fexecve falls back to execve of /proc/self/fd/N",
    "faccessat2": "glibc 2.33, Go, runc: fall back to faccessat",
    "fchmodat2": "glibc 2.39: falls back to fchmodat through /proc",
    "futex_waitv": "wine and game runtimes fall back to futex",
    "io_uring_setup": "libuv, PostgreSQL and others: fall back to epoll and threads",
    "landlock_create_ruleset": "sandboxing libraries go on without",
    "map_shadow_stack": "glibc goes on without shadow stacks",
    "membarrier": "runtimes probe for it at their start",
    "memfd_secret": "programs fall back to ordinary memory",
    "openat2": "its flags lie behind a pointer, where no filter can look; runc, systemd and "
    "libpathrs fall back to openat",
    "pidfd_open": "CPython, systemd, Go: fall back to process ids",
    "preadv2": "glibc falls back to preadv",
    "process_madvise": "allocators go on without",
    "pwritev2": "glibc falls back to pwritev",
    "rseq": "glibc 2.35: goes on without",
    "statx": "glibc, coreutils, Rust, Qt: fall back to fstatat",
}

#: Calls of the i386 ABI that are many calls, by their first argument. libseccomp lets each through
#: for whatever call behind it a rule allows, without a look at the arguments, which lie behind a
#: pointer or in other places: only a rule for the whole call keeps it denied.
I386_MULTIPLEXERS: dict[str, str] = {
    "ipc": "it makes other calls with arguments that no filter can see",
    "socketcall": "it makes other calls with arguments that no filter can see",
}


def not_implemented(allowed: Collection[str], abis: Collection[Abi]) -> tuple[str, ...]:
    """The calls that a policy answers with ENOSYS if it allows these names on these ABIs."""
    wanted = {*ENOSYS_FALLBACK, *(I386_MULTIPLEXERS if Abi.I386 in abis else ())}
    return tuple(sorted(wanted.difference(allowed)))


def why_not_implemented(name: str) -> str:
    """Why a policy answers this call with ENOSYS."""
    return ENOSYS_FALLBACK.get(name) or I386_MULTIPLEXERS.get(name) or "the policy says so"
