"""What the benchmark needs from the machine: compiled helpers, packages, a mounted tracefs."""

from __future__ import annotations

import argparse
import ctypes
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from beacon.errors import BeaconError
from beacon.monitor.libbpf import library

HERE = Path(__file__).parent
KERNEL_HEADERS = HERE.parents[1] / "bpf"
TRACEFS = Path("/sys/kernel/tracing")
#: Programs that come in a Debian package of another name.
PACKAGES = {"docker": "docker.io"} | dict.fromkeys(("memcaslap", "memcping"), "libmemcached-tools")
_SECONDS = 60


class BenchError(BeaconError):
    """The benchmark cannot be run, or did not measure what it should."""


@dataclass(frozen=True)
class Helpers:
    """The compiled loop and the object with the empty programs."""

    loop: Path
    empty: Path


def say(text: str) -> None:
    """Progress, on stderr."""
    sys.stderr.write(f"bench: {text}\n")


def number(text: str) -> int:
    """An option's value: a number above zero."""
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"not a number above zero: {text}")
    return int(text)


def last_cpu() -> int:
    """Where measuring processes run: the first processors serve most interrupts."""
    return max(os.sched_getaffinity(0))


def require_root(why: str) -> None:
    """BenchError for anybody else."""
    if os.geteuid():
        raise BenchError(f"Run this as root: {why}.")


def require_packages(*programs: str) -> None:
    """BenchError that names the packages that are missing."""
    missing = [PACKAGES.get(each, each) for each in programs if not shutil.which(each)]
    if missing:
        raise BenchError(f"Not installed: {', '.join(missing)}; run script/bootstrap bench.")


@contextmanager
def helpers() -> Iterator[Helpers]:
    """Compile both helpers into a directory that is removed at the end."""
    with tempfile.TemporaryDirectory(prefix="beacon-bench-") as name:
        built = Helpers(Path(name, "loop"), Path(name, "empty.bpf.o"))
        compile_program("loop", built.loop)
        multiarch = Path("/usr/include", sysconfig.get_config_var("MULTIARCH") or "")
        includes = (f"-I{KERNEL_HEADERS}", f"-I{multiarch}")
        flags = ("-target", "bpf", "-mcpu=v3", "-O2", "-g", "-D__TARGET_ARCH_x86", *includes)
        _run("clang", *flags, "-c", str(HERE / "empty.bpf.c"), "-o", str(built.empty))
        yield built


def compile_program(name: str, output: Path) -> None:
    """Compile a C file of this folder into a program that runs without any library."""
    flags = ("-O2", "-Wall", "-Werror", "-static")
    _run("clang", *flags, str(HERE / f"{name}.c"), "-o", str(output))


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


def docker(*words: str, stdin: IO[bytes] | None = None) -> str:
    """What the engine's command prints; BenchError with what it says if it fails."""
    command = ["docker", *words]
    done = subprocess.run(command, stdin=stdin, capture_output=True, text=True, timeout=_SECONDS)
    if done.returncode:
        raise BenchError(f"docker {words[0]} failed: {done.stderr.strip()}")
    return done.stdout


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise BenchError(f"{command[0]} failed: {done.stderr.strip()}")
