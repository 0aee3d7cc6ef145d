"""Profiles as users make them without BeaCon: from what strace or bpftrace shows of one run.

Both see one run in the default environment under the same workload. strace is the container's own
first program, as where somebody puts it before the entry point; bpftrace watches the host and
counts by mount namespace, as tools do that know no more of a container.
"""

from __future__ import annotations

import os
import re
import select
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, cast

import msgspec

from beacon.campaign.context import RunContext
from beacon.campaign.run import Conditions, RunSpec, run_once
from beacon.data.kernel import tables
from beacon.model.environment import Environment
from beacon.model.event import Abi
from beacon.model.run import Check, Ending, Run
from beacon.workloads.interface import Endpoint, Workload

_KIT, _LOG = "/.strace", "/.strace-log"
#: `42 openat(AT_FDCWD, …`; a line of a call that is resumed names none.
_CALL = re.compile(rb"^\d+\s+([a-z]\w*)\(", re.MULTILINE)
_COUNT = re.compile(r"^@\[(\d+), (\d+)\]: \d+$", re.MULTILINE)
_SCRIPT = """
tracepoint:raw_syscalls:sys_enter { @[curtask->nsproxy->mnt_ns->ns.inum, args->id] = count(); }
interval:ms:20 { if (!@ready) { printf("ready\\n"); @ready = 1; } }
"""
_SECONDS = 60


class PeerError(Exception):
    """A peer cannot be run on this host, or its run shows nothing; the text is the reason."""


@dataclass(frozen=True)
class Seen:
    """The names of the calls that a peer saw, and how long the container ran for it."""

    calls: frozenset[str]
    seconds: float


def by_strace(context: RunContext, conditions: Conditions, workload: Workload) -> Seen:
    """Run the container once under strace; PeerError."""
    with _strace_kit() as kit, tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        log.parent.chmod(0o777)  # of whatever user the image has
        launch = conditions.launch
        traced = ("-D", "-f", "-qq", "-o", f"{_LOG}/log", *_words(conditions))
        loader = next(each.name for each in kit.iterdir() if each.name.startswith("ld-linux"))
        launch = msgspec.structs.replace(
            launch,
            entrypoint=f"{_KIT}/{loader}",
            command=("--library-path", _KIT, f"{_KIT}/strace", *traced),
            volumes=(*launch.volumes, f"{kit}:{_KIT}:ro", f"{folder}:{_LOG}"),
            cap_add=(*launch.cap_add, "SYS_PTRACE"),
        )
        run = _run(context, replace(conditions, launch=launch), workload)
        text = log.read_bytes() if log.exists() else b""
    return _seen({name.decode() for name in _CALL.findall(text)}, run)


def _words(conditions: Conditions) -> Sequence[str]:
    """The entry point with its arguments, as the image and the launch have it."""
    image, launch = conditions.image, conditions.launch
    if not launch.command:
        return image.command
    entry = image.command[: len(image.command) - len(image.arguments)]
    return (*entry, *launch.command)


@contextmanager
def _strace_kit() -> Iterator[Path]:
    """strace with its libraries, to be put into any image."""
    program = shutil.which("strace")
    if program is None:
        raise PeerError("strace is not installed")
    listed = subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout
    with tempfile.TemporaryDirectory() as folder:
        kit = Path(folder)
        kit.chmod(0o755)
        for file in (program, *re.findall(r"(/\S+) \(0x", listed)):
            shutil.copy(file, kit)
        yield kit


def by_bpftrace(context: RunContext, conditions: Conditions, workload: Workload) -> Seen:
    """Run the container once beside bpftrace; PeerError."""
    noting = _Noting(workload)
    with _bpftrace() as process:
        run = _run(context, conditions, noting)
        process.send_signal(signal.SIGINT)
        output = process.communicate(timeout=_SECONDS)[0].decode()
    names = {number: name for name, number in tables().syscalls[Abi.X86_64].items()}
    counted = {(int(space), int(number)) for space, number in _COUNT.findall(output)}
    return _seen({names[nr] for space, nr in counted if space == noting.space and nr in names}, run)


class _Noting(Workload):
    """Drives as another does, and notes the container's mount namespace."""

    def __init__(self, other: Workload) -> None:
        self.name, self._other = other.name, other
        self.space = 0

    def drive(self, endpoint: Endpoint, timeout: float) -> tuple[Check, ...]:
        asked = ["docker", "inspect", "--format", "{{.State.Pid}}", endpoint.container]
        pid = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()
        self.space = Path(f"/proc/{pid}/ns/mnt").stat().st_ino
        return self._other.drive(endpoint, timeout)


@contextmanager
def _bpftrace() -> Iterator[subprocess.Popen[bytes]]:
    if shutil.which("bpftrace") is None:
        raise PeerError("bpftrace is not installed")
    with tempfile.TemporaryFile("w+") as said:
        command = ["bpftrace", "-B", "line", "-e", _SCRIPT]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=said)
        try:
            if not _is_ready(cast(IO[bytes], process.stdout)):
                said.seek(0)
                raise PeerError(f"bpftrace does not start: {said.read().strip()[:200]}")
            yield process
        finally:
            process.kill()
            process.wait()


def _is_ready(out: IO[bytes]) -> bool:
    end = time.monotonic() + _SECONDS
    heard = b""
    while select.select([out], [], [], max(0, end - time.monotonic()))[0]:
        more = os.read(out.fileno(), 4096)  # what a buffer holds back would not wake select
        heard += more
        if b"ready" in heard or not more:
            break
    return b"ready" in heard


def _run(context: RunContext, conditions: Conditions, workload: Workload) -> Run:
    run = run_once(context, conditions, RunSpec(environment=Environment(), workload=workload))
    if run.outcome.ending is not Ending.SERVED:
        said = (run.outcome.detail or run.outcome.log or "no reason").strip()
        raise PeerError(f"the container under it is not served: {run.outcome.ending}, {said[:200]}")
    return run


def _seen(calls: set[str], run: Run) -> Seen:
    known = calls & tables().syscalls[Abi.X86_64].keys()
    if not known:
        raise PeerError("it shows no call of the container")
    return Seen(frozenset(known), run.duration)
