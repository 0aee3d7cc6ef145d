"""Count what the engine's defaults leave open: system calls and capabilities.

Not from a list: starts a container, fetches the filter that the kernel holds for it
(PTRACE_SECCOMP_GET_FILTER) and runs that filter for every x86_64 system call, with all arguments
zero. Capabilities are counted in the container's bounding set. Prints JSON:
{"open": N, "of": N, "calls": [...], "capabilities": N}.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from beacon.data.kernel import tables
from beacon.model.event import Abi
from classic_bpf import ACTION_MASK, ALLOW, judge
from kernel_filters import filters_of

IMAGE = "debian:bookworm-slim"


def bounding_set(pid: int) -> int:
    """The capabilities that a process can ever have, a bit each."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.findall(r"^CapBnd:\s+([0-9a-f]+)$", status, re.MULTILINE)[0], 16)


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


def calls_of_default() -> list[str]:
    """The x86-64 calls that a container's filter allows by default, with all arguments zero."""
    with container() as pid:
        return _allowed(pid)


def _allowed(pid: int) -> list[str]:
    filters = filters_of(pid)
    if not filters:
        sys.exit("The engine installs no filter by default.")
    return [
        name
        for name, number in tables().syscalls[Abi.X86_64].items()
        if all(judge(program, number) & ACTION_MASK == ALLOW for program in filters)
    ]


def main() -> None:
    with container() as pid:
        allowed, capabilities = _allowed(pid), bounding_set(pid)
    document = {
        "open": len(allowed),
        "of": len(tables().syscalls[Abi.X86_64]),
        "calls": sorted(allowed),
        "capabilities": capabilities.bit_count(),
    }
    print(json.dumps(document))


if __name__ == "__main__":
    main()
