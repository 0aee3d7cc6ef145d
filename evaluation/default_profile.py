"""Count what the engine's defaults leave open: system calls and capabilities.

Not from a list: starts a container, fetches the filter that the kernel holds for it
(PTRACE_SECCOMP_GET_FILTER) and runs that filter for every x86_64 system call, with all arguments
zero. Capabilities are counted in the container's bounding set. Prints JSON:
{"open": N, "of": N, "calls": [...], "capabilities": N}.
"""

from __future__ import annotations

import ctypes
import errno
import json
import os
import re
import struct
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from beacon.data.kernel import tables
from beacon.model.event import Abi

IMAGE = "debian:bookworm-slim"
# linux/ptrace.h, linux/audit.h, linux/seccomp.h
PTRACE_SEIZE, PTRACE_INTERRUPT, PTRACE_DETACH, PTRACE_SECCOMP_GET_FILTER = (
    0x4206,
    0x4207,
    17,
    0x420C,
)
AUDIT_ARCH_X86_64 = 0xC000003E
ALLOW, ACTION_MASK = 0x7FFF0000, 0xFFFF0000

Filter = list[tuple[int, int, int, int]]  # code, jt, jf, k of linux/filter.h

_libc = ctypes.CDLL(None, use_errno=True)
_libc.ptrace.argtypes = (ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p)
_libc.ptrace.restype = ctypes.c_long


def ptrace(request: int, pid: int, address: int = 0, data: object = None) -> int:
    result = _libc.ptrace(request, pid, address, data)
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return int(result)


def filters_of(pid: int) -> list[Filter]:
    """The filters of a process, newest first."""
    ptrace(PTRACE_SEIZE, pid)
    try:
        ptrace(PTRACE_INTERRUPT, pid)
        os.waitpid(pid, 0x40000000)  # __WALL
        return list(_fetch(pid))
    finally:
        ptrace(PTRACE_DETACH, pid)


def _fetch(pid: int) -> Iterator[Filter]:
    for index in range(64):
        try:
            length = ptrace(PTRACE_SECCOMP_GET_FILTER, pid, index)
        except OSError as error:
            if error.errno == errno.ENOENT:
                return
            raise
        raw = ctypes.create_string_buffer(length * 8)
        ptrace(PTRACE_SECCOMP_GET_FILTER, pid, index, raw)
        yield list(struct.iter_unpack("<HBBI", raw.raw))


def bounding_set(pid: int) -> int:
    """The capabilities that a process can ever have, a bit each."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.findall(r"^CapBnd:\s+([0-9a-f]+)$", status, re.MULTILINE)[0], 16)


def judge(program: Filter, number: int) -> int:
    """What a classic BPF filter returns for a call whose arguments are all zero."""
    data = struct.pack("<iIQ6Q", number, AUDIT_ARCH_X86_64, 0, *([0] * 6))
    accumulator = position = 0
    while True:
        code, if_true, if_false, k = program[position]
        position += 1
        if code == 0x20:  # BPF_LD | BPF_W | BPF_ABS
            accumulator = struct.unpack_from("<I", data, k)[0]
        elif code == 0x54:  # BPF_ALU | BPF_AND | BPF_K
            accumulator &= k
        elif code == 0x05:  # BPF_JMP | BPF_JA
            position += k
        elif code in COMPARE:
            position += if_true if COMPARE[code](accumulator, k) else if_false
        elif code == 0x06:  # BPF_RET | BPF_K
            return k
        else:
            raise ValueError(f"classic BPF instruction {code:#x} is not known here")


COMPARE = {
    0x15: lambda a, k: a == k,
    0x25: lambda a, k: a > k,
    0x35: lambda a, k: a >= k,
    0x45: lambda a, k: bool(a & k),
}


@contextmanager
def container() -> Iterator[int]:
    """A plain container under the engine's default; the pid of its first process."""
    command = ["docker", "run", "--detach", "--rm", "--label", "beacon.test=default", IMAGE]
    started = subprocess.run([*command, "sleep", "60"], capture_output=True, text=True, check=True)
    name = started.stdout.strip()
    try:
        inspect = ["docker", "inspect", "--format", "{{.State.Pid}}", name]
        yield int(subprocess.run(inspect, capture_output=True, text=True, check=True).stdout)
    finally:
        subprocess.run(["docker", "rm", "--force", name], capture_output=True, check=True)


def main() -> None:
    with container() as pid:
        filters, capabilities = filters_of(pid), bounding_set(pid)
    if not filters:
        sys.exit("The engine installs no filter by default.")
    calls = tables().syscalls[Abi.X86_64]
    allowed = [
        name
        for name, number in calls.items()
        if all(judge(program, number) & ACTION_MASK == ALLOW for program in filters)
    ]
    document = {
        "open": len(allowed),
        "of": len(calls),
        "calls": sorted(allowed),
        "capabilities": capabilities.bit_count(),
    }
    print(json.dumps(document))


if __name__ == "__main__":
    main()
