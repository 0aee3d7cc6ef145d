"""Which functions of a file lead to which: the call graph of libc and of the loader.

Confine takes glibc's graph from the compiler; here the machine code of the image's own libc is
read, as sysfilter does. Its nodes are functions and objects of data, both by address. A function
leads to what it calls or jumps to (also through the PLT), to the function that it falls into, to
the addresses that it computes, and to what the words hold that it reads. An object leads to the
addresses in it: it begins where code or another object points to, and ends where the next begins.
IRELATIVE words lead to a resolver, and that to the variants it chooses from.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator

from beacon.reach.disassembly import ENDS, Code, Instruction
from beacon.reach.functions import Extent


class Graph:
    """All edges of one file."""

    def __init__(self, code: Code) -> None:
        self._code = code
        self._elf = code.elf
        self._edges = {each.start: set(self._leaving(each)) for each in code.extents.all}
        self._words = sorted(self._elf.pointers)
        pointed = {self._node(address) for address in self._elf.pointers.values()}
        self._marks = sorted(pointed.union(*self._edges.values()))

    def reachable(self, addresses: Iterable[int]) -> set[int]:
        """The functions and objects that hold these addresses, and all that they lead to."""
        waiting = [self._node(address) for address in addresses]
        seen: set[int] = set()
        while waiting:
            node = waiting.pop()
            if node not in seen:
                seen.add(node)
                if node not in self._edges:
                    self._edges[node] = set(self._held(node))
                waiting.extend(self._edges[node] - seen)
        return seen

    def _node(self, address: int) -> int:
        """A function by its start, an object by the address that was named."""
        found = self._code.extents.at(address)
        return found.start if found else address

    def _held(self, node: int) -> Iterator[int]:
        after = bisect_right(self._marks, node)
        end = self._marks[after] if after < len(self._marks) else node + 8
        first = bisect_left(self._words, node)
        for word in self._words[first : bisect_left(self._words, end)]:
            yield self._node(self._elf.pointers[word])

    def _leaving(self, extent: Extent) -> Iterator[int]:
        if self._is_plt(extent.start):
            return  # one function to the unwinder: its entries are looked at one by one
        last = None
        for last in self._code.instructions(extent):
            for address in self._goals(last):
                if not extent.start <= address < extent.end:
                    yield self._node(address)
        after = self._code.extents.after(extent)
        if last and after and last.name not in ENDS and last.name not in ("call", "nop"):
            yield after.start

    def _is_plt(self, address: int) -> bool:
        section = self._elf.code_at(address)
        return bool(section and section.name.startswith(".plt"))

    def _goals(self, each: Instruction) -> Iterator[int]:
        """The code and data that one instruction leads to or names."""
        if (target := each.target) is not None:
            yield from self._through(target) if self._is_plt(target) else (target,)
        elif (address := each.relative) is not None:
            if each.name == "lea":
                yield address
            elif address in self._elf.pointers:
                yield self._elf.pointers[address]

    def _through(self, stub: int) -> Iterator[int]:
        """Where an entry of the PLT jumps to, if that is in this file."""
        for each in self._code.instructions(Extent(stub, stub + 16)):
            if each.name == "jmp":
                if each.relative in self._elf.pointers:
                    yield self._elf.pointers[each.relative]
                return
