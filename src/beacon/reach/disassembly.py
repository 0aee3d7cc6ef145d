"""Instructions of a function, and which of them may run before which."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from beacon.reach.elf import Elf
from beacon.reach.functions import Extent, Extents

#: What control does not fall through.
ENDS = frozenset({"jmp", "ret", "hlt", "ud2", "int3", "retf", "iretq"})
_FILLERS = frozenset({"nop", "int3", "xchg"})
_RELATIVE = re.compile(r"\[rip (\+|-) (0x[0-9a-f]+|\d+)\]")


class Instruction(NamedTuple):
    """As capstone prints it; `name` is without prefixes (`notrack jmp` is `jmp`)."""

    address: int
    size: int
    name: str
    operands: tuple[str, ...]

    @property
    def target(self) -> int | None:
        """Where a direct call or jump goes."""
        leaves = self.name[0] == "j" or self.name == "call"
        return number(self.operands[0]) if leaves and self.operands else None

    @property
    def relative(self) -> int | None:
        """The address that it names relative to itself."""
        for operand in self.operands:
            if found := _RELATIVE.search(operand):
                distance = int(found[2], 0) * (1 if found[1] == "+" else -1)
                return self.address + self.size + distance
        return None


def number(operand: str) -> int | None:
    """An immediate operand."""
    return int(operand, 0) if operand[0].isdigit() or operand[0] == "-" else None


class Body:
    """A function's instructions."""

    def __init__(self, extent: Extent, instructions: list[Instruction]) -> None:
        self.extent = extent
        self.instructions = instructions
        self._index = {each.address: place for place, each in enumerate(instructions)}
        self._sources = self._jumps()
        self._indirect = [place for place, each in enumerate(instructions) if _by_table(each)]
        self._padding = self._never()

    def index(self, address: int) -> int | None:
        """The place of the instruction at an address; None in the middle of one."""
        return self._index.get(address)

    def before(self, index: int) -> list[int]:
        """The places of whatever may run directly before; the jumps by table if nothing else."""
        found = list(self._sources.get(index, ()))
        if index and self._falls(index - 1):
            found.append(index - 1)
        return found or (self._indirect if index else [])

    def _falls(self, index: int) -> bool:
        return index not in self._padding and self.instructions[index].name not in ENDS

    def _never(self) -> set[int]:
        """Fillers that nothing leads to: what follows them is not reached through them."""
        found: set[int] = set()
        for place, each in enumerate(self.instructions[1:], 1):
            behind = place - 1 in found or self.instructions[place - 1].name in ENDS
            if behind and each.name in _FILLERS and place not in self._sources:
                found.add(place)
        return found

    def _jumps(self) -> dict[int, list[int]]:
        found: dict[int, list[int]] = {}
        for place, each in enumerate(self.instructions):
            if each.name != "call" and (goal := self._index.get(each.target or -1)) is not None:
                found.setdefault(goal, []).append(place)
        return found


def _by_table(instruction: Instruction) -> bool:
    return instruction.name == "jmp" and instruction.target is None


class Code:
    """The code of one file, taken apart function by function as it is asked for."""

    def __init__(self, elf: Elf) -> None:
        self.elf = elf
        self.extents = Extents(elf)
        # Its bindings take memory that only the worker needs.
        from capstone import CS_ARCH_X86, CS_MODE_64, Cs

        self._engine = Cs(CS_ARCH_X86, CS_MODE_64)
        self._engine.skipdata = True
        self._bodies: dict[Extent, Body] = {}

    def body(self, extent: Extent) -> Body:
        """Kept: few functions are asked for, but those often."""
        if extent not in self._bodies:
            self._bodies[extent] = Body(extent, list(self.instructions(extent)))
        return self._bodies[extent]

    def instructions(self, extent: Extent) -> Iterator[Instruction]:
        """From its first byte to its last."""
        section = self.elf.code_at(extent.start)
        if section:
            first = extent.start - section.address
            data = section.data[first : extent.end - section.address]
            for address, size, name, text in self._engine.disasm_lite(data, extent.start):
                yield Instruction(address, size, name.split()[-1], tuple(text.split(", ")))
