"""The ways to watch system calls that are compared; each is on while its context is open."""

from __future__ import annotations

import os
import re
import select
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from tools import BenchError, Helpers

from beacon.monitor.cgroup import find_hierarchy
from beacon.monitor.kernel import KernelMonitor, KernelTarget
from beacon.monitor.libbpf import Object

CALL, NUMBER = "getppid", 110  # what loop.c calls; its number on x86_64
# The interval is there only to say that the tracepoint is attached.
BPFTRACE = """
tracepoint:raw_syscalls:sys_enter { @[args->id] = count(); }
interval:ms:20 { if (!@ready) { printf("ready\\n"); @ready = 1; } }
"""
BPFTRACE_SECONDS = 30


@dataclass
class Watch:
    """What an observer asks of the loop, and how many calls it says it has seen."""

    prefix: tuple[str, ...] = ()
    cgroup_procs: Path | None = None
    seen: Callable[[], int] | None = None


@dataclass(frozen=True)
class Variant:
    """One row of the table."""

    key: str
    title: str
    observe: Callable[[Helpers], AbstractContextManager[Watch]]
    filtered: bool = True  # the loop has a seccomp filter
    slowness: int = 1  # makes that many times fewer calls


def nothing(_: Helpers) -> AbstractContextManager[Watch]:
    """Nobody watches."""
    return nullcontext(Watch())


def empty(*programs: str) -> Callable[[Helpers], AbstractContextManager[Watch]]:
    """Programs that do nothing."""

    @contextmanager
    def observe(built: Helpers) -> Iterator[Watch]:
        loaded = Object(built.empty)
        try:
            loaded.load()
            loaded.attach(frozenset(programs))
            yield Watch()
        finally:
            loaded.close()

    return observe


@contextmanager
def _target(*, joining: bool = False) -> Iterator[KernelTarget]:
    monitor = KernelMonitor(joining=joining)
    try:
        with monitor.watch(f"bench-{os.getpid()}") as target:
            yield target
    finally:
        monitor.close()


@contextmanager
def recording(_: Helpers) -> Iterator[Watch]:
    """BeaCon, with the loop in the watched cgroup."""
    with _target() as target:

        def seen() -> int:
            calls = target.snapshot().syscalls
            return sum(call.count for call in calls if call.call.name == CALL)

        cgroup = find_hierarchy().identity / target.cgroup_parent.lstrip("/")
        yield Watch(cgroup_procs=cgroup / "cgroup.procs", seen=seen)


@contextmanager
def bystander(_: Helpers) -> Iterator[Watch]:
    """BeaCon, with the loop outside the cgroup that is watched."""
    with _target():
        yield Watch()


@contextmanager
def joined_elsewhere(_: Helpers) -> Iterator[Watch]:
    """The same as `beacon watch` has it loaded."""
    with _target(joining=True):
        yield Watch()


@contextmanager
def bpftrace(_: Helpers) -> Iterator[Watch]:
    """A bpftrace one-liner that counts every call on the host."""
    with tempfile.TemporaryFile("w+") as said:
        command = ["bpftrace", "-B", "line", "-e", BPFTRACE]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=said)
        try:
            _await_ready(process, said)
            yield Watch(seen=lambda: _counted_by_bpftrace(process))
        finally:
            process.kill()
            process.communicate()


def _await_ready(process: subprocess.Popen[bytes], said: IO[str]) -> None:
    out, heard = cast(IO[bytes], process.stdout), b""
    end = time.monotonic() + BPFTRACE_SECONDS
    # Not by readline: lines that it holds back already would not wake select.
    while select.select([out], [], [], max(0, end - time.monotonic()))[0]:
        heard += (more := os.read(out.fileno(), 4096))
        if b"ready" in heard:
            return
        if not more:
            break
    said.seek(0)
    raise BenchError(f"bpftrace did not start: {said.read().strip() or 'it said nothing'}")


def _counted_by_bpftrace(process: subprocess.Popen[bytes]) -> int:
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=BPFTRACE_SECONDS)
    found = re.search(rb"^@\[%d\]: (\d+)$" % NUMBER, output, re.MULTILINE)
    return int(found[1]) if found else 0


@contextmanager
def strace(_: Helpers) -> Iterator[Watch]:
    """`strace -c`, which stops the loop twice a call."""
    with tempfile.NamedTemporaryFile("r") as table:

        def seen() -> int:
            found = re.search(rf"(\d+)\s+{CALL}$", Path(table.name).read_text(), re.MULTILINE)
            return int(found[1]) if found else 0

        yield Watch(prefix=("strace", "-c", "-o", table.name), seen=seen)


VARIANTS = (
    Variant("bare", "baseline (not watched)", nothing),
    Variant("empty-enter", "empty program on sys_enter", empty("enter")),
    Variant("empty-both", "empty programs on sys_enter and sys_exit", empty("enter", "leave")),
    Variant("recording", "BeaCon records the process", recording),
    Variant("bystander", "BeaCon records another container", bystander),
    Variant("joined", "beacon watch joined another container", joined_elsewhere),
    Variant("bpftrace", "bpftrace counts by number", bpftrace, slowness=4),
    Variant("strace", "strace -c", strace, slowness=100),
    Variant("bare-plain", "baseline, no filter", nothing, filtered=False),
    Variant("bystander-plain", "BeaCon records another, no filter", bystander, filtered=False),
)
