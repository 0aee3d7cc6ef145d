"""Boot the guest, run one command in it, and bring back what came of it."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from .archive import Archive
from .errors import GuestError
from .machine import AMD64, Machine

# Files of the scratch directory, in the order of the serial ports in init.c.
_PORTS = ("console", "output", "result")
_TAIL_LINES = 40
# panic=-1 reboots at once, which ends the emulator; each line on the console costs time.
_KERNEL_PARAMETERS = "panic=-1 quiet loglevel=4"
_DEFAULT_ENVIRONMENT = {"PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "HOME": "/tmp", "TERM": "dumb"}


@dataclass(frozen=True)
class GuestResult:
    """A command's exit code (minus the signal that ended it), and its outputs, mixed."""

    exit_code: int
    output: str


@dataclass(frozen=True)
class Guest:
    """A machine to be: the kernel and root file system it boots, and its size."""

    kernel: Path
    initramfs: Path
    memory_mib: int = 1024
    processors: int = 1
    machine: Machine = AMD64


def run_in_guest(
    guest: Guest,
    argv: Sequence[str],
    *,
    scratch: Path,
    timeout: float,
    env: Mapping[str, str] | None = None,
    cwd: str = "/",
) -> GuestResult:
    """Run a command as root in a freshly booted guest.

    The command sees `env` over a small default environment, nothing of the host's. The directory
    `scratch` receives `console`, `output` and `result`, which can be followed while the guest runs.
    Raises GuestError when the guest gives no result in time, or panics; the message holds the end
    of the console and of the output.
    """
    job = _job(argv, {**_DEFAULT_ENVIRONMENT, **(env or {})}, cwd)
    initrd = _join(guest.initramfs, job, scratch / "initrd")
    parts = (
        *("-m", str(guest.memory_mib), "-smp", str(guest.processors)),
        *("-kernel", str(guest.kernel), "-initrd", str(initrd)),
    )
    machine = guest.machine
    # What the kernel does not know as a parameter is in the environment of its first process.
    parameters = f"OUTPUT=/dev/{machine.output} RESULT=/dev/{machine.result}"
    return emulated(machine, parts, parameters, scratch=scratch, timeout=timeout)


def emulated(
    machine: Machine, parts: Sequence[str], parameters: str, *, scratch: Path, timeout: float
) -> GuestResult:
    """Emulate a machine of these parts until it ends; its kernel gets these parameters as well.

    Raises GuestError as `run_in_guest` does.
    """
    _forget(scratch)
    ended = _run(_emulator(machine, parts, parameters, scratch), timeout, machine.hint)
    answer = _read(scratch / "result").strip()
    if ended is None or not answer:
        raise GuestError(_explain(ended, timeout, scratch))
    return GuestResult(int(answer), _read(scratch / "output"))


def _job(argv: Sequence[str], env: Mapping[str, str], cwd: str) -> bytes:
    """Return an archive with the file /job, in the form that init.c reads."""
    strings = [cwd, *(f"{name}={value}" for name, value in env.items()), "", *argv]
    stream = BytesIO()
    archive = Archive(stream)
    archive.file("job", "".join(f"{string}\0" for string in strings).encode())
    archive.finish()
    return stream.getvalue()


def _join(initramfs: Path, job: bytes, out: Path) -> Path:
    # The kernel unpacks one archive after the other, so each job shares the large first one.
    shutil.copyfile(initramfs, out)
    with out.open("ab") as stream:
        stream.write(job)
    return out


def _forget(scratch: Path) -> None:
    # An emulator that fails to start must not pass off the last result as its own.
    for name in _PORTS:
        (scratch / name).unlink(missing_ok=True)


def _emulator(machine: Machine, parts: Sequence[str], parameters: str, scratch: Path) -> list[str]:
    console, output, result = (scratch / name for name in _PORTS)
    own = f"console={machine.console} {_KERNEL_PARAMETERS} {machine.parameters} {parameters}"
    return [
        *(*machine.emulator, "-accel", "tcg", *parts),
        *("-nodefaults", "-display", "none", "-no-reboot", "-append", own),
        *("-serial", f"file:{console}", *machine.ports(output, result)),
    ]


def _run(command: Sequence[str], timeout: float, hint: str) -> str | None:
    """Return the emulator's complaints, or None when the time was up; it is gone in any case."""
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=timeout, check=False
        )
    except FileNotFoundError as missing:
        raise GuestError(f"{command[0]} is not installed: {hint}") from missing
    except subprocess.TimeoutExpired:
        return None
    return done.stderr.decode(errors="replace")


def _explain(ended: str | None, timeout: float, scratch: Path) -> str:
    cause = f"the guest gave no result within {timeout:g} s"
    if ended is not None:
        cause = f"the guest ended without a result {ended.strip()}".rstrip()
    tails = (f"end of its {name}:\n{_tail(scratch / name)}" for name in ("console", "output"))
    return "\n".join([cause, *tails])


def _tail(path: Path) -> str:
    return "\n".join(_read(path).splitlines()[-_TAIL_LINES:])


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
