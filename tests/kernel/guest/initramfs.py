"""Build the guest's root file system: trees, programs with their libraries, and /init."""

from __future__ import annotations

import marshal
import os
import tempfile
from collections.abc import Iterator, Sequence
from importlib.machinery import SourceFileLoader
from importlib.util import MAGIC_NUMBER, cache_from_source, source_hash
from pathlib import Path

from .archive import Archive
from .errors import GuestError
from .libraries import is_shared_object, shared_libraries, without_debug_information
from .machine import AMD64, Machine
from .process import run_tool

Tree = tuple[Path, str]
"""A file or directory of the host, and its absolute path in the guest."""

_INIT_SOURCE = Path(__file__).with_name("init.c")
_UNCHECKED_HASH = (1).to_bytes(4, "little")


def build_initramfs(
    out: Path, *, trees: Sequence[Tree], binaries: Sequence[Path], machine: Machine = AMD64
) -> Path:
    """Write an initramfs that holds trees and binaries, and whatever libraries they load.

    For another machine than this one the trees hold the libraries, too. Binaries (programs or
    libraries) keep their paths. Python sources are compiled, because compiling them in the guest
    takes longer than its boot. Returns `out`. Raises GuestError when a tree, a binary or a host
    tool is missing.
    """
    _check([*binaries, *(host for host, _ in trees)])
    files = [pair for tree in trees for pair in _files(tree)]
    objects = [host for host, _ in files if host.is_file() and is_shared_object(host)]
    libraries = shared_libraries([*binaries, *objects]) if machine is AMD64 else set()
    with out.open("wb") as stream:
        archive = Archive(stream)
        _add_init(archive, machine.compiler)
        _fill(archive, objects=[*binaries, *sorted(libraries)], files=files)
    return out


def _fill(archive: Archive, *, objects: Sequence[Path], files: Sequence[Tree]) -> None:
    for path in objects:
        _add_object(archive, path)
    for host, guest in files:
        _add(archive, host, guest)
    archive.finish()


def _check(paths: Sequence[Path]) -> None:
    missing = [str(path) for path in paths if not path.exists()]
    if missing:
        raise GuestError(f"the guest needs {', '.join(missing)}, which this host lacks: install it")


def _add_object(archive: Archive, path: Path) -> None:
    real = path.resolve()
    archive.file(str(real), without_debug_information(real), 0o755)
    # Programs and loaders look for things next to the real file, yet are called by the link.
    archive.link(os.path.normpath(path.absolute()), str(real))


def _files(tree: Tree) -> Iterator[Tree]:
    """Return the files of a tree, and its links to directories, which are not followed."""
    host, guest = tree
    if host.is_symlink() and host.is_dir():
        yield tree
    elif host.is_dir():
        for child in sorted(host.iterdir()):
            if child.name != "__pycache__":
                yield from _files((child, f"{guest}/{child.name}"))
    elif host.is_file():
        yield tree


def _add(archive: Archive, host: Path, guest: str) -> None:
    if host.is_dir():
        # A link to a directory stays one: following it could walk in circles.
        archive.link(guest, str(host.readlink()))
        return
    data = without_debug_information(host) if is_shared_object(host) else host.read_bytes()
    archive.file(guest, data, host.stat().st_mode & 0o777)
    if host.suffix == ".py":
        _add_compiled(archive, host, guest, data)


def _add_compiled(archive: Archive, host: Path, guest: str, source: bytes) -> None:
    loader = SourceFileLoader(host.stem, str(host))
    try:
        # The loader takes the host's own .pyc when there is a fresh one, which is most of the time.
        code = loader.get_code(host.stem)
    except (SyntaxError, ValueError):
        return  # templates and samples: whoever imports one gets the same error in the guest
    compiled = MAGIC_NUMBER + _UNCHECKED_HASH + source_hash(source) + marshal.dumps(code)
    archive.file(cache_from_source(guest), compiled)


def _add_init(archive: Archive, compiler: Sequence[str]) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        program = Path(scratch, "init")
        argv = [*compiler, "-static", "-Os", "-s", "-Wall", "-Werror", "-o", str(program)]
        run_tool(
            [*argv, str(_INIT_SOURCE)],
            hint="install gcc and libc6-dev, or clang and libc6-dev-arm64-cross",
        )
        archive.file("init", program.read_bytes(), 0o755)
    # /init has no other way to complain before it has mounted /dev.
    archive.character_device("dev/console", 5, 1)
