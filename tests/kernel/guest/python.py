"""Say what the guest needs to run the very Python that runs this, at the same paths."""

from __future__ import annotations

import re
import sys
import sysconfig
from collections.abc import Iterator, Sequence
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from .errors import GuestError
from .initramfs import Tree

# Large or graphical parts of the standard library, and the packages that Debian keeps inside it.
_OMITTED = re.compile(
    r"test|idlelib|tkinter|turtledemo|turtle\.py|lib2to3|ensurepip|pydoc_data"
    r"|config-.*|(site|dist)-packages|__pycache__|(_tkinter|_test|_?xx).*\.so"
)
_REQUIRED_NAME = re.compile(r"[\w.-]+")


def python_binaries() -> list[Path]:
    """Return the interpreter."""
    return [Path(sys.executable)]


def python_trees(packages: Sequence[str]) -> list[Tree]:
    """Return the standard library, and installed packages with all that they require.

    A package that is installed as editable brings its .pth file only: add its sources as a tree.
    Raises GuestError for a package that is not installed.
    """
    paths = [*_standard_library(), *_virtual_environment()]
    return [*((path, str(path)) for path in paths), *package_trees(packages)]


def package_trees(packages: Sequence[str]) -> list[Tree]:
    """Return installed packages with all that they require; GuestError for one that is not."""
    return [(path, str(path)) for path in _packages(packages)]


def _standard_library() -> Iterator[Path]:
    library = Path(sysconfig.get_path("stdlib"))
    for entry in [*library.iterdir(), *library.glob("lib-dynload/*")]:
        if entry.name != "lib-dynload" and not _OMITTED.fullmatch(entry.name):
            yield entry


def _virtual_environment() -> list[Path]:
    settings = Path(sys.prefix, "pyvenv.cfg")
    return [settings] if settings.exists() else []


def _packages(names: Sequence[str]) -> Iterator[Path]:
    for found in _closure(names).values():
        # The scripts of a package lie outside (../../bin); `python -m` does without them.
        parts = {file.parts[0] for file in found.files or ()} - {"..", "__pycache__"}
        for part in sorted(parts):
            path = Path(str(found.locate_file(part)))
            if path.exists():
                yield path


def _closure(names: Sequence[str]) -> dict[str, Distribution]:
    found: dict[str, Distribution] = {}
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = _distribution(name)
            waiting += _requirements(found[name])
    return found


def _distribution(name: str) -> Distribution:
    try:
        return distribution(name)
    except PackageNotFoundError as missing:
        raise GuestError(f"the guest needs the Python package {name}: install it here") from missing


def _requirements(package: Distribution) -> Iterator[str]:
    for requirement in package.requires or ():
        name = _REQUIRED_NAME.match(requirement)
        # Markers of other systems and older Pythons need no reading: what is not installed here is
        # not needed. Extras do: chance may have installed them (setuptools, pip).
        if name and "extra ==" not in requirement and _is_installed(name[0]):
            yield name[0]


def _is_installed(name: str) -> bool:
    try:
        distribution(name)
    except PackageNotFoundError:
        return False
    return True
