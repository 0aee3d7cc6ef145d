"""The machines that a guest can be: what emulates them, and what compiles for them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from .cross import COMPILERS


@dataclass(frozen=True)
class Machine:
    """An architecture, by Debian's name, as the emulator makes it.

    Three serial ports: the console's, by the kernel's name, and two more, for the job's output and
    for its result, which `ports` connects to files. `parameters` are the kernel's.
    """

    architecture: str
    emulator: tuple[str, ...]
    console: str
    output: str
    result: str
    ports: Callable[[Path, Path], Iterator[str]]
    compiler: tuple[str, ...]
    hint: str
    parameters: str = ""


def _serial(output: Path, result: Path) -> Iterator[str]:
    yield from ("-serial", f"file:{output}", "-serial", f"file:{result}")


def _pci_serial(output: Path, result: Path) -> Iterator[str]:
    """The board has one port of its own."""
    for name, path in (("output", output), ("result", result)):
        yield from ("-chardev", f"file,id={name},path={path}")
        yield from ("-device", f"pci-serial,chardev={name}")


AMD64 = Machine(
    architecture="amd64",
    emulator=("qemu-system-x86_64", "-cpu", "max"),
    console="ttyS0",
    output="ttyS1",
    result="ttyS2",
    ports=_serial,
    compiler=COMPILERS["x86_64"],
    hint="install qemu-system-x86",
    # Debian's kernel has x32 and the vsyscall page, but both only if asked for.
    parameters="vsyscall=xonly syscall.x32=y",
)
ARM64 = Machine(
    architecture="arm64",
    # It also runs 32-bit programs, and has no instructions that cost an emulator much.
    emulator=("qemu-system-aarch64", "-M", "virt", "-cpu", "cortex-a72"),
    console="ttyAMA0",
    output="ttyS0",
    result="ttyS1",
    ports=_pci_serial,
    compiler=COMPILERS["aarch64"],
    hint="install qemu-system-arm",
)
MACHINES: Mapping[str, Machine] = {each.architecture: each for each in (AMD64, ARM64)}
