"""What one ELF file adds to an image's system calls; kept by content, as images share files."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import msgspec

from beacon.reach.disassembly import Code
from beacon.reach.elf import Elf, read
from beacon.reach.graph import Graph
from beacon.reach.syscalls import made

_LIBC, _LOADER = "libc.so.6", "ld-linux-x86-64.so.2"
_LOOKUPS = {"dlsym", "dlvsym"}
_NAME = re.compile(rb"(?<=\0)[a-z_][a-z0-9_]{1,40}(?=\0)")
#: Called for every program: by its first code, by the loader (by name), at its end.
_START = ("__libc_start_main", "__libc_early_init", "exit", "_exit")
#: Words of libc's data that lead to code of every program: streams are flushed at exit.
_TABLES = (".init_array", ".fini_array", "__libc_atexit", "__libc_IO_vtables")


class Facts(msgspec.Struct, frozen=True):
    """`calls`: made whenever the file is used. `exported`: what else each function of libc makes.

    `names` are strings of a file that looks functions up by name while it runs (dlsym).
    `unresolved` counts, by reason, calls to the kernel whose number is not known.
    """

    soname: str = ""
    interpreter: str = ""
    needed: tuple[str, ...] = ()
    imports: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    calls: tuple[str, ...] = ()
    exported: dict[str, tuple[str, ...]] = {}
    unresolved: dict[str, int] = {}

    @property
    def is_libc(self) -> bool:
        """Whether it is the C library, whose functions are told apart."""
        return self.soname == _LIBC


def of(content: bytes) -> Facts:
    """Of a file's bytes; one that cannot be read, whatever is wrong with it, is unresolved."""
    try:
        return _facts(read(content))
    except Exception as error:  # hostile bytes may break any of the readers
        return Facts(unresolved={f"file not read: {str(error)[:80] or type(error).__name__}": 1})


def _facts(elf: Elf) -> Facts:
    """libc and the loader by their call graphs, any other file as a whole."""
    code = Code(elf)
    found = made(code)
    always, exported = set[str]().union(*found.calls.values()), dict[str, set[str]]()
    if elf.soname in (_LIBC, _LOADER):
        reached = _Reached(Graph(code), found.calls)
        always = reached.calls(_roots(elf))
        if elf.soname == _LIBC:
            exported = {name: reached.calls(places) for name, places in elf.exports.items()}
    return Facts(
        soname=elf.soname,
        interpreter=elf.interpreter,
        needed=elf.needed,
        imports=tuple(sorted(elf.imports)),
        names=tuple(sorted(set(_names(elf)))),
        calls=tuple(sorted(always)),
        exported={name: tuple(sorted(calls)) for name, calls in exported.items() if calls},
        unresolved={reason: count for reason, count in sorted(found.unresolved.items()) if count},
    )


def _names(elf: Elf) -> Iterator[str]:
    if elf.imports & _LOOKUPS and elf.soname != _LIBC:
        for section in elf.data:
            yield from (each.decode() for each in _NAME.findall(section.data))


def _roots(elf: Elf) -> Iterable[int]:
    """Where code of libc and of the loader begins in every program."""
    if elf.soname == _LOADER:
        exported = (place for places in elf.exports.values() for place in places)
        return {elf.entry, *exported, *elf.pointers.values()}
    started = {place for name in _START for place in elf.exports.get(name, ())}
    tables = [table for name in _TABLES if (table := elf.section(name))]
    words = elf.pointers.items()
    return started | {to for at, to in words for each in tables if each.address <= at < each.end}


class _Reached:
    def __init__(self, graph: Graph, made: dict[int, set[str]]) -> None:
        self._graph = graph
        self._made = made

    def calls(self, addresses: Iterable[int]) -> set[str]:
        reached = self._graph.reachable(addresses)
        return set[str]().union(*(self._made[each] for each in reached if each in self._made))
