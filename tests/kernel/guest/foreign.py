"""A Python for a guest of another architecture: Debian's, with packages for it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from .debian import Release
from .errors import GuestError
from .initramfs import Tree
from .kernel import prepare_cache
from .process import run_tool
from .python import package_trees

#: The interpreter's place in the guest.
INTERPRETER = "/usr/bin/python3"
#: Of the release whose Python is this one's version; the tests import no more of it.
_PACKAGES = (
    *("python3-minimal", "python3.11-minimal", "libpython3.11-minimal", "libpython3.11-stdlib"),
    *(
        "libbpf1",
        "libbz2-1.0",
        "libc6",
        "libcrypt1",
        "libelf1",
        "libexpat1",
        "libffi8",
        "libgcc-s1",
    ),
    *("liblzma5", "libssl3", "libuuid1", "libzstd1", "zlib1g"),
)
_RELEASE = "bookworm"
#: Packages of this Python that hold machine code: the same versions for the other architecture.
_COMPILED = ("msgspec",)
_PLATFORMS = {
    "arm64": ("manylinux2014_aarch64", "manylinux_2_17_aarch64", "manylinux_2_28_aarch64")
}
_LIBRARY = "/usr/lib/python3/dist-packages"


def foreign_trees(architecture: str, packages: Sequence[str], cache: Path) -> list[Tree]:
    """The interpreter, its libraries and the packages, for an architecture; cached.

    Raises GuestError when an archive does not have them.
    """
    root = _root(architecture, prepare_cache(cache))
    pure = [name for name in packages if name not in _COMPILED]
    trees = [(path, f"{_LIBRARY}/{path.name}") for path, _ in package_trees(pure)]
    return [*((root / name, f"/{name}") for name in ("lib", "usr")), *trees]


def _root(architecture: str, cache: Path) -> Path:
    home = cache / "python" / architecture
    if home.exists():
        return home
    staged = home.with_name(f"{architecture}.part")
    Release(_RELEASE, architecture).unpack(_PACKAGES, staged, cache)
    for name in _COMPILED:
        _install(name, architecture, staged / _LIBRARY.lstrip("/"))
    for needless in ("usr/share", "usr/lib/python3.11/config-3.11-aarch64-linux-gnu"):
        run_tool(["rm", "-rf", str(staged / needless)], hint="it belongs to coreutils")
    return staged.rename(home)


def _install(name: str, architecture: str, target: Path) -> None:
    if architecture not in _PLATFORMS:
        raise GuestError(f"no Python packages for {architecture} are known: name its platforms")
    platforms = (word for each in _PLATFORMS[architecture] for word in ("--platform", each))
    command = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--only-binary=:all:",
    ]
    version = ("--python-version", "3.11", "--implementation", "cp")
    run_tool(
        [*command, *platforms, *version, "--target", str(target), name],
        hint="it comes from Python's package index; check the network",
    )
