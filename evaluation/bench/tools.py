"""What the benchmark needs from the machine: compiled helpers, packages, a mounted tracefs."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
import sysconfig
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from beacon.errors import BeaconError
from beacon.monitor.libbpf import library

HERE = Path(__file__).parent
KERNEL_HEADERS = HERE.parents[1] / "bpf"
TRACEFS = Path("/sys/kernel/tracing")
#: Program and the Debian package that brings it.
PACKAGES = {"clang": "clang", "bpftrace": "bpftrace", "strace": "strace"}


class BenchError(BeaconError):
    """The benchmark cannot be run, or did not measure what it should."""


@dataclass(frozen=True)
class Helpers:
    """The compiled loop and the object with the empty programs."""

    loop: Path
    empty: Path


def require_packages() -> None:
    """BenchError that names the packages that are missing."""
    missing = [package for program, package in PACKAGES.items() if not shutil.which(program)]
    if missing:
        raise BenchError(f"Not installed: {', '.join(missing)}; run script/bootstrap bench.")


@contextmanager
def helpers() -> Iterator[Helpers]:
    """Compile both helpers into a directory that is removed at the end."""
    with tempfile.TemporaryDirectory(prefix="beacon-bench-") as name:
        built = Helpers(Path(name, "loop"), Path(name, "empty.bpf.o"))
        _run("clang", "-O2", "-Wall", "-Werror", str(HERE / "loop.c"), "-o", str(built.loop))
        multiarch = Path("/usr/include", sysconfig.get_config_var("MULTIARCH") or "")
        includes = (f"-I{KERNEL_HEADERS}", f"-I{multiarch}")
        flags = ("-target", "bpf", "-mcpu=v3", "-O2", "-g", "-D__TARGET_ARCH_x86", *includes)
        _run("clang", *flags, "-c", str(HERE / "empty.bpf.c"), "-o", str(built.empty))
        yield built


@contextmanager
def tracefs() -> Iterator[None]:
    """Where bpftrace looks tracepoints up; mounted for the while if the host has not."""
    if (TRACEFS / "events").is_dir():
        yield
        return
    _run("mount", "-t", "tracefs", "tracefs", str(TRACEFS))
    try:
        yield
    finally:
        _run("umount", "--lazy", str(TRACEFS))


def attached_links() -> int:
    """How many BPF programs are attached on this host, by whomever: they cost time as well."""
    number, count = ctypes.c_uint32(0), 0
    while library().bpf_link_get_next_id(number, ctypes.byref(number)) == 0:
        count += 1
    return count


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise BenchError(f"{command[0]} failed: {done.stderr.strip()}")
