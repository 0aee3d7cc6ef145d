"""Run a command under another kernel (Debian's cloud kernel, with kprobes and cgroup v2)."""

from .boot import Guest, GuestResult, run_in_guest
from .errors import GuestError
from .initramfs import Tree, build_initramfs
from .kernel import fetch_kernel
from .python import python_binaries, python_trees
from .session import run_pytest

__all__ = [
    "Guest",
    "GuestError",
    "GuestResult",
    "Tree",
    "build_initramfs",
    "fetch_kernel",
    "python_binaries",
    "python_trees",
    "run_in_guest",
    "run_pytest",
]
