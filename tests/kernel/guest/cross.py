"""Compilers for other architectures: clang, since Debian's GCC for them excludes gcc-multilib."""

from __future__ import annotations

from collections.abc import Mapping


def _clang(triple: str, *flags: str) -> tuple[str, ...]:
    headers = ("-isystem", f"/usr/{triple}/include")
    return ("clang", f"--target={triple}", *headers, "-Wno-unused-command-line-argument", *flags)


#: By the name of the ABI; each is the beginning of a command.
COMPILERS: Mapping[str, tuple[str, ...]] = {
    "x86_64": ("gcc",),
    "aarch64": _clang("aarch64-linux-gnu"),
    "arm": _clang("arm-linux-gnueabihf", "-marm", "-march=armv7-a"),
}
