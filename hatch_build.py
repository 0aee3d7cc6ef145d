"""Compiles the kernel program, and a sandbox's, whenever the package is built or installed."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sysconfig
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

# bpf_tracing.h picks register names by this macro.
TARGET_ARCH = {"x86_64": "x86", "aarch64": "arm64"}
# Names another machine than the one that builds: clang compiles for the kernel of either.
MACHINE = "BEACON_MACHINE"


def machine() -> str:
    """The machine that the package is for, as `uname -m` calls it."""
    return os.environ.get(MACHINE) or platform.machine()


def installed_object(root: Path) -> Path:
    """Where the package has its kernel program."""
    return root / "src" / "beacon" / "monitor" / "beacon.bpf.o"


def compile_bpf(root: Path, target: Path | None = None) -> Path:
    """Compile bpf/beacon.bpf.c into the monitor package, or to `target`; returns the object's path.

    Raises RuntimeError with one sentence when a tool or a header is missing.
    """
    if machine() not in TARGET_ARCH:
        known = " and ".join(TARGET_ARCH)
        raise RuntimeError(f"BeaCon's kernel program supports {known}, not {machine()}.")
    clang, strip = shutil.which("clang"), shutil.which("llvm-strip")
    if not clang or not strip:
        raise RuntimeError("clang and llvm-strip are needed: install the packages clang and llvm.")
    target = target or installed_object(root)
    command = [clang, "-target", "bpf", "-mcpu=v3", "-O2", "-g", "-Wall", "-Werror"]
    command += [f"-D__TARGET_ARCH_{TARGET_ARCH[machine()]}", *_multiarch_include()]
    source = root / "bpf" / "beacon.bpf.c"
    done = subprocess.run(
        [*command, "-c", str(source), "-o", str(target)], capture_output=True, text=True
    )
    if done.returncode:
        raise RuntimeError(f"clang could not compile {source.name} (libbpf-dev?):\n{done.stderr}")
    subprocess.run([strip, "-g", str(target)], check=True)
    return target


def compile_pause(root: Path) -> Path:
    """Compile pause/pause.c, what a sandbox of our own containerd runs; the program's path.

    Raises RuntimeError with one sentence when a tool is missing.
    """
    clang = shutil.which("clang")
    if not clang:
        raise RuntimeError("clang is needed: install the package clang.")
    target = root / "src" / "beacon" / "engines" / "pause"
    # Without libraries nobody saves the registers of vectors; unaligned, it is one small page.
    command = [clang, "-Os", "-Wall", "-Werror", "-static", "-nostdlib", "-ffreestanding"]
    command += ["-fno-stack-protector", "-mgeneral-regs-only", "-Wl,-n,-s,--build-id=none"]
    source = root / "pause" / "pause.c"
    done = subprocess.run(
        [*command, "-o", str(target), str(source)], capture_output=True, text=True
    )
    if done.returncode:
        raise RuntimeError(f"clang could not compile {source.name}:\n{done.stderr}")
    return target


def _multiarch_include() -> list[str]:
    # Debian keeps asm/ per architecture, where clang -target bpf does not look.
    multiarch = sysconfig.get_config_var("MULTIARCH") or f"{platform.machine()}-linux-gnu"
    directory = Path("/usr/include") / multiarch
    return [f"-I{directory}"] if directory.is_dir() else []


class BpfBuildHook(BuildHookInterface):  # type: ignore[type-arg]
    """Hatchling's entry into `compile_bpf` and `compile_pause`."""

    PLUGIN_NAME = "custom"
    _own: bytes | None = None

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile before files are collected; the wheel is bound to this architecture."""
        if self.target_name != "wheel":
            return
        own = installed_object(Path(self.root))
        self._own = own.read_bytes() if own.exists() else None
        compile_bpf(Path(self.root))
        compile_pause(Path(self.root))
        build_data["pure_python"] = False
        # The compiled files are for the kernel, or link nothing, so any glibc will do.
        tag = f"manylinux_2_17_{machine()}.manylinux2014_{machine()}"
        build_data["tag"] = f"py3-none-{tag}"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Leave the checkout with a program for the machine that builds."""
        if self.target_name != "wheel" or machine() == platform.machine():
            return
        own = installed_object(Path(self.root))
        if self._own is None:
            own.unlink()
        else:
            own.write_bytes(self._own)
