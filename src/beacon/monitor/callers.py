"""Names the kernel functions that asked for a capability."""

from __future__ import annotations

import bisect
from array import array
from collections.abc import Iterable, Iterator
from pathlib import Path

KALLSYMS = Path("/proc/kallsyms")

# How a question travels to cap_capable, and the tracing machinery itself.
_PLUMBING = frozenset(
    {
        "cap_capable",
        "security_capable",
        "capable",
        "ns_capable",
        "ns_capable_common",
        "ns_capable_setid",
        "ns_capable_noaudit",
        "has_capability_noaudit",
        "has_ns_capability_noaudit",
        "capable_wrt_inode_uidgid",
        "file_ns_capable",
        "__vm_enough_memory",
    }
)
_TRACING = ("bpf_", "__bpf_", "__traceiter_", "ftrace_", "kprobe_", "kretprobe_", "arch_rethook")


class Symbols:
    """The kernel's functions by address.

    There are about 60,000: their names are one text, because as many objects took 30 MiB.
    """

    def __init__(self, path: Path = KALLSYMS) -> None:
        names, starts, addresses = bytearray(b"\n"), array("L"), array("Q")
        for address, name in _read(path):
            starts.append(len(names))
            addresses.append(address)
            names += name + b"\n"
        order = sorted(range(len(addresses)), key=addresses.__getitem__)
        self._addresses = array("Q", (addresses[n] for n in order))
        self._starts = array("L", (starts[n] for n in order))
        self._names = bytes(names)

    @property
    def readable(self) -> bool:
        """False where the kernel hides addresses (kptr_restrict) or has no symbols."""
        return bool(self._addresses) and self._addresses[-1] != 0

    def has(self, name: str) -> bool:
        """Whether the kernel has a function of this name: one that was not inlined everywhere."""
        return f"\n{name}\n".encode() in self._names

    def name(self, address: int) -> str | None:
        """The function that holds `address`."""
        place = bisect.bisect_right(self._addresses, address) - 1
        if place < 0 or not self._addresses[place]:
            return None
        start = self._starts[place]
        return self._names[start : self._names.index(b"\n", start)].decode()

    def callers(self, addresses: Iterable[int]) -> tuple[str, ...]:
        """The functions on a stack, innermost first, without the tracing machinery."""
        named = (self.name(address) for address in addresses if address)
        return tuple(name for name in named if name and not name.startswith(_TRACING))


def who_asked(callers: Iterable[str], keep: int = 3) -> tuple[str, ...]:
    """The callers that say something: those before `keep` are beyond plumbing."""
    return tuple(name for name in callers if name not in _PLUMBING)[:keep]


def _read(path: Path) -> Iterator[tuple[int, bytes]]:
    with path.open("rb") as lines:
        for line in lines:
            address, kind, name, *_ = line.split()
            if kind in b"tTwW":
                # GCC and clang add suffixes (.isra.0, .llvm.123) to the copies they make.
                yield int(address, 16), name.partition(b".")[0]
