"""Measures what an OCI runtime does between its filter and the entry point."""

from __future__ import annotations

import os
import platform
import select
import shutil
import socket
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from beacon.campaign.runtime_bundle import VARIANTS, Variant, write_bundle, write_rootfs
from beacon.engines.hybrid_cgroups import one_version
from beacon.errors import BeaconError, UnsupportedHostError
from beacon.model.architecture import MACHINES, Architecture
from beacon.model.event import Phase, Syscall
from beacon.model.observation import Observation
from beacon.model.text import escape_untrusted
from beacon.monitor.interface import Monitor
from beacon.process_identity import identify

_LONGEST = 60.0  # seconds that one start may take
_LARGEST_LOG = 1 << 16
_SHOWN = 300  # characters of what a runtime said

#: Ends with whoever started it, however that one ends.
_BUSY = """
import os, sys
while os.getppid() == int(sys.argv[1]):
    for _ in range(1_000_000):
        pass
"""


class RuntimeFailedError(BeaconError):
    """The runtime did not start the static program."""

    def __init__(self, runtime: str, said: str) -> None:
        lines = [line for line in said.splitlines() if line.strip()] or ["it said nothing"]
        reason = escape_untrusted(lines[-1][:_SHOWN]).rstrip(".")
        super().__init__(
            f"{escape_untrusted(runtime)} does not start a static program on this host ({reason}): "
            "correct the cause, or name another runtime with --runtime."
        )


@dataclass
class Measured:
    """How many of `starts` made each call between the filter and the entry point.

    `exec`: what processes made that joined a running container, in how many of `execs`.
    """

    starts: int = 0
    calls: Counter[Syscall] = field(default_factory=Counter)
    execs: int = 0
    exec: Counter[Syscall] = field(default_factory=Counter)

    def add(self, start: Start) -> None:
        """One more start."""
        self.starts += 1
        self.calls.update(start.calls)
        if start.exec is not None:
            self.execs += 1
            self.exec.update(start.exec)

    def more(self) -> Counter[Syscall]:
        """The calls of `exec` that no start made."""
        return Counter({call: n for call, n in self.exec.items() if call not in self.calls})


class Start(NamedTuple):
    """What the runtime did under the filter for one start, and for one process that joined it."""

    calls: frozenset[Syscall]
    exec: frozenset[Syscall] | None = None


def measure(
    monitor: Monitor, runtime: str, starts: int, jobs: int, told: Callable[[int], None]
) -> Measured:
    """Start the static program at least so many times, in each variant, a half of it under load.

    `told` of each start's number. RuntimeFailedError when one fails; whatever was started is gone
    at the end. UnsupportedHostError on another architecture than amd64.
    """
    rounds = -(-starts // len(VARIANTS))
    work = [variant for _ in range(rounds) for variant in VARIANTS]
    half = len(work) // 2
    measured = Measured()
    if MACHINES.get(platform.machine()) is not Architecture.AMD64:
        raise UnsupportedHostError(
            "Container runtimes are measured on amd64 alone, and the tables read as its own: "
            "measure there; a policy for arm64 has what they call there instead."
        )
    with tempfile.TemporaryDirectory(prefix="beacon-runtime-") as folder:
        measuring = Measuring(monitor, runtime, Path(folder))
        for part, loaded in ((range(half), False), (range(half, len(work)), True)):
            with busy() if loaded else nullcontext():
                for start in _in_parallel(measuring, [(n, work[n]) for n in part], jobs):
                    measured.add(start)
                    told(measured.starts)
    return measured


def _in_parallel(
    measuring: Measuring, work: Sequence[tuple[int, Variant]], jobs: int
) -> Iterator[Start]:
    with ThreadPoolExecutor(max_workers=jobs, thread_name_prefix="start") as pool:
        futures = [pool.submit(measuring.start, *each) for each in work]
        try:
            for future in as_completed(futures):
                yield future.result()
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise


@contextmanager
def busy() -> Iterator[None]:
    """Keep every processor busy: then Go's scheduler preempts, and locks are contended."""
    count = 2 * (os.cpu_count() or 1)
    command = [sys.executable, "-c", _BUSY, str(os.getpid())]
    processes = [subprocess.Popen(command) for _ in range(count)]
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()


@contextmanager
def _console(bundle: Path) -> Iterator[tuple[str, str]]:
    """The options for a terminal, whose other end waits in a socket: nobody need take it."""
    with socket.socket(socket.AF_UNIX) as console:
        path = bundle / "console"
        path.unlink(missing_ok=True)
        console.bind(str(path))
        console.listen()
        yield "--console-socket", str(path)


def _made(observation: Observation) -> Counter[Syscall]:
    made: Counter[Syscall] = Counter()
    for entry in observation.syscalls:
        if entry.phase is Phase.RUNTIME:
            for call, part in entry.parts():
                made[call] += part.count
    return made


class Measuring:
    """Starts containers of one runtime, each watched by itself; several threads may do so.

    As engines do it: created with the filter, which then waits, and started.
    """

    def __init__(self, monitor: Monitor, runtime: str, folder: Path) -> None:
        self._monitor, self._runtime, self._folder = monitor, runtime, folder
        self._rootfs: dict[int, Path] = {}
        for users in sorted({variant.users for variant in VARIANTS}):
            self._rootfs[users] = folder / f"rootfs-{users}"
            write_rootfs(self._rootfs[users], users=users)

    def start(self, number: int, variant: Variant) -> Start:
        """Start it, wait for its end; what the kernel saw. RuntimeFailedError."""
        name = f"{identify()}-{number}"
        bundle = self._folder / f"bundle-{number}"
        with self._monitor.watch(name) as target:
            cgroup = f"{target.cgroup_parent}/{number}"
            write_bundle(bundle, self._rootfs[variant.users], variant, cgroup)
            try:
                first = self._begin(name, bundle, variant)
                try:
                    if not variant.exec:
                        self._wait(first)
                        return Start(frozenset(+_made(target.snapshot())))
                    before = _made(target.snapshot())
                    self._join(name, bundle)
                    after = _made(target.snapshot())
                    return Start(frozenset(+before), frozenset(after - before))
                finally:
                    os.close(first)
            finally:
                with suppress(RuntimeFailedError):  # it has never been, or is gone
                    self._do("delete", "--force", name, log=bundle / "log")
                shutil.rmtree(bundle, ignore_errors=True)

    def _begin(self, name: str, bundle: Path, variant: Variant) -> int:
        """Create and start the container; a pidfd of its first process."""
        log, pid_file = bundle / "log", bundle / "pid"
        words = ["create", "--bundle", str(bundle), "--pid-file", str(pid_file)]
        with ExitStack() as stack:
            if variant.tty:
                words += stack.enter_context(_console(bundle))
            self._do(*words, name, log=log)
            first = os.pidfd_open(int(pid_file.read_text()))
            stack.callback(os.close, first)
            self._do("start", name, log=log)
            return os.dup(first)

    def _join(self, name: str, bundle: Path) -> None:
        """Bring processes into the running container as `docker exec` does."""
        log, pid_file = bundle / "log", bundle / "joined"
        with _console(bundle) as console:
            for words in ((), ("--user", "1000", "--cwd", "/bin"), ("--tty", *console)):
                options = ("--detach", "--pid-file", str(pid_file), *words)
                self._do("exec", *options, name, "/bin/end", log=log)
                with suppress(ProcessLookupError):  # it has ended already
                    joined = os.pidfd_open(int(pid_file.read_text()))
                    try:
                        self._wait(joined)
                    finally:
                        os.close(joined)

    def _wait(self, process: int) -> None:
        """Wait for the end of a process."""
        if not select.select([process], [], [], _LONGEST)[0]:
            raise RuntimeFailedError(self._runtime, f"it did not end within {_LONGEST:g} s")

    def _do(self, *words: str, log: Path) -> None:
        """Run the runtime; RuntimeFailedError with what it said."""
        command = [*one_version(), self._runtime, "--root", str(self._folder / "state"), *words]
        try:
            with log.open("wb") as errors:  # the container inherits it, and may outlive the command
                done = subprocess.run(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=errors,
                    timeout=_LONGEST,
                    check=False,
                )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise RuntimeFailedError(self._runtime, str(error)) from None
        if done.returncode:
            with log.open("rb") as errors:
                said = errors.read(_LARGEST_LOG).decode(errors="replace")
            raise RuntimeFailedError(self._runtime, said)
