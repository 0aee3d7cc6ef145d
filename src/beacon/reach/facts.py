"""What one file adds to an image's system calls; kept by content, as images share files."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import islice

import msgspec

from beacon.reach.disassembly import Code
from beacon.reach.elf import Elf, read
from beacon.reach.graph import Graph
from beacon.reach.headers import ForeignError
from beacon.reach.syscalls import SYSCALLS, Found, made

_LOADER = "ld-linux-x86-64.so.2"
_CALLS = frozenset(SYSCALLS.values())
_LOOKUPS = {"dlsym", "dlvsym"}
_NAME = re.compile(rb"(?<=\0)[a-z_][a-z0-9_]{1,40}(?=\0)")
_PATH = re.compile(rb"/[\w./+@-]{3,200}")
_LIBRARY = re.compile(rb"[\w+.-]{1,60}\.so(?:\.[\d.]+)?")
#: Called for every program: by its first code, by the loader (by name), at its end; then musl's.
_START = (
    *("__libc_start_main", "__libc_early_init", "exit", "_exit"),
    *("__dls2", "__dls2b", "__dls3"),
)
#: Words of libc's data that lead to code of every program: streams are flushed at exit.
_TABLES = (".init_array", ".fini_array", "__libc_atexit", "__libc_IO_vtables")
_COMMENT = re.compile(rb"(^|\s)#.*$", re.MULTILINE)
_BETWEEN = re.compile(rb"\$\{?\w+|[\s;|&(){}<>`'\"=:,]+")
_WORD = re.compile(rb"[\w./+@\[-]*\w[\w./+@-]*|\[")
#: Bytes; longer words name no file, and would be long to match.
_LONGEST_WORD = 255
#: Names of each kind that are kept; a node of 100 MB has 1,400 paths.
_NAMES = 20_000


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """Of an ELF file or a script.

    `calls`: made whenever the file is used, each with the function that makes it ("" for one
    without a name). `exported`: what else each function of libc makes. `names` are strings of a
    file that looks functions up by name while it runs (dlsym). `libraries` and `paths` are named in
    its bytes; `words` of a script may start a program, `interpreter` has those of its first line.
    `unresolved` counts, by reason, calls to the kernel whose number is not known.
    """

    soname: str = ""
    interpreter: tuple[str, ...] = ()
    needed: tuple[str, ...] = ()
    imports: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    calls: dict[str, str] = {}
    exported: dict[str, tuple[str, ...]] = {}
    libraries: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    unresolved: dict[str, int] = {}

    @property
    def is_libc(self) -> bool:
        """Whether it is a C library, whose functions are told apart."""
        return bool(self.exported)


def of_elf(content: bytes) -> Facts:
    """Of an ELF file; one that cannot be read, whatever is wrong with it, is unresolved."""
    try:
        return _of_elf(read(content), content)
    except ForeignError as error:
        return unread(str(error))
    except MemoryError:
        raise
    except Exception as error:  # hostile bytes may break any of the readers
        return unread(f"file not read: {str(error)[:80] or type(error).__name__}")


def unread(reason: str) -> Facts:
    """Of a file about which nothing else is known."""
    return Facts(unresolved={reason: 1})


def of_script(content: bytes) -> Facts:
    """No shell is understood here: every word counts wherever it stands, except in comments."""
    first = content.split(b"\n", 1)[0].decode(errors="replace")
    text = _COMMENT.sub(b"", content)
    parts = (part for part in _BETWEEN.split(text) if len(part) <= _LONGEST_WORD)
    words = {part for part in parts if _WORD.fullmatch(part)}
    return Facts(
        interpreter=tuple(first[2:].split()) if first.startswith("#!") else ("/bin/sh",),
        words=_texts(words),
    )


def _of_elf(elf: Elf, content: bytes) -> Facts:
    """libc and the loader by their call graphs, any other file as a whole."""
    code = Code(elf)
    found = made(code)
    always, exported = _whole(elf, found), dict[str, tuple[str, ...]]()
    if elf.is_libc or elf.soname == _LOADER:
        reached = _Reached(Graph(code), found)
        always = dict.fromkeys(reached.calls(_roots(elf)), "")
        if elf.is_libc:
            calls = ((name, reached.named(name, places)) for name, places in elf.exports.items())
            exported = {name: tuple(sorted(each)) for name, each in calls if each}
    return Facts(
        soname=elf.soname,
        interpreter=(elf.interpreter,) if elf.interpreter else (),
        needed=elf.needed,
        imports=tuple(sorted(elf.imports)),
        names=tuple(sorted(set(_names(elf)))),
        calls=dict(sorted(always.items())),
        exported=exported,
        libraries=_texts(set(_LIBRARY.findall(content))),
        paths=_texts(set(_PATH.findall(content))),
        unresolved={reason: count for reason, count in sorted(found.unresolved.items()) if count},
    )


def _texts(words: set[bytes]) -> tuple[str, ...]:
    # All are ASCII: a pattern of bytes found them.
    return tuple(word.decode(errors="replace") for word in islice(sorted(words), _NAMES))


def _whole(elf: Elf, found: Found) -> dict[str, str]:
    """Each call with the first function by name that makes it."""
    names = {place: name for name, places in elf.exports.items() for place in places}
    makers: dict[str, str] = {}
    for place, calls in found.calls.items():
        for call in calls:
            makers[call] = min(filter(None, (makers.get(call), names.get(place))), default="")
    return makers


def _names(elf: Elf) -> Iterator[str]:
    if elf.imports & _LOOKUPS and not elf.is_libc:
        for section in elf.data:
            yield from (each.decode() for each in _NAME.findall(section.data))


def _roots(elf: Elf) -> Iterable[int]:
    """Where code of libc and of the loader begins in every program."""
    if elf.soname == _LOADER:
        exported = (place for places in elf.exports.values() for place in places)
        return {elf.entry, *exported, *elf.pointers.values()}
    started = {place for name in _START for place in elf.exports.get(name, ())}
    started |= {elf.entry} if elf.entry else set()
    tables = [table for name in _TABLES if (table := elf.section(name))]
    words = elf.pointers.items()
    return started | {to for at, to in words for each in tables if each.address <= at < each.end}


class _Reached:
    def __init__(self, graph: Graph, found: Found) -> None:
        self._graph = graph
        self._found = found

    def calls(self, addresses: Iterable[int]) -> set[str]:
        return self._calls(self._graph.reachable(addresses))

    def named(self, name: str, addresses: Iterable[int]) -> set[str]:
        """Those of a function of libc.

        One that bears a call's name makes it when it leads to a number that is not known: musl's
        setuid hands its number on in memory.
        """
        reached = self._graph.reachable(addresses)
        own = {name} if name in _CALLS and not self._found.places.isdisjoint(reached) else set()
        return self._calls(reached) | own

    def _calls(self, reached: set[int]) -> set[str]:
        made = self._found.calls
        return set[str]().union(*(made[each] for each in reached if each in made))
