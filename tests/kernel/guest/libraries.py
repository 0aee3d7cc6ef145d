"""Find the shared libraries that programs and extension modules load."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterable
from pathlib import Path

from .process import run_tool

_RESOLVED = re.compile(r"(/.*) \(0x[0-9a-f]+\)$")
_ELF_MAGIC = b"\x7fELF"
_SHARED_OBJECT = re.compile(r"\.so(\.\d+)*$")


def is_shared_object(path: Path) -> bool:
    """Tell libraries and extension modules from other files, by name."""
    return _SHARED_OBJECT.search(path.name) is not None


def shared_libraries(files: Iterable[Path]) -> set[Path]:
    """Return all libraries that the files load, by the paths under which the loader opens them.

    A library that this host lacks is left out: the loader in the guest names it as it would here.
    Raises GuestError when ldd is missing.
    """
    return {library for file in files for library in _libraries_of(file)}


def _libraries_of(file: Path) -> list[Path]:
    # A static program or a script is no error, yet ldd fails on it: so ask the file first.
    if b".dynamic" not in file.read_bytes():
        return []
    answer = run_tool(["ldd", str(file)], hint="it belongs to the C library, package libc-bin")
    found = (_RESOLVED.search(line) for line in answer.splitlines())
    return [Path(match[1]) for match in found if match]


def without_debug_information(file: Path) -> bytes:
    """Return the content of a file; of a program or library, only what it needs to run.

    Symbols and BTF stay. A hand-built Python shrinks to a third, and the guest boots sooner.
    Raises GuestError when strip is missing or fails.
    """
    data = file.read_bytes()
    if not data.startswith(_ELF_MAGIC) or b".debug_info" not in data:
        return data
    with tempfile.NamedTemporaryFile() as stripped:
        argv = ["strip", "--strip-debug", "-o", stripped.name, str(file)]
        run_tool(argv, hint="install binutils")
        return Path(stripped.name).read_bytes()
