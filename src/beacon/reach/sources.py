"""What one instruction does to a value that is followed backwards.

Only whole registers and words of the stack are followed; what is computed is unknown.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from beacon.reach.disassembly import Instruction, number
from beacon.reach.registers import HIDDEN, KEPT, LOW, READERS, WHOLE, WIDE


class Slot(NamedTuple):
    """A word of the stack: `base` (rsp, rbp) as it is at the place looked at."""

    base: str
    offset: int


Location = str | Slot  # a register by its 64-bit name


@dataclass(frozen=True)
class Constant:
    """An immediate operand, or a register that is cleared."""

    value: int


@dataclass(frozen=True)
class Entry:
    """The value was there when the function began: its caller's."""

    location: Location


@dataclass(frozen=True)
class Variable:
    """A word of the file's own data."""

    address: int


@dataclass(frozen=True)
class Unknown:
    """Computed, read from memory or returned by a function."""


Origin = Constant | Entry | Variable | Unknown

_MEMORY = re.compile(r"([a-z]+) ptr \[(rsp|rbp)(?: ([+-]) (0x[0-9a-f]+|\d+))?\]")
_WIDTHS = {"byte": 1, "word": 2, "dword": 4, "qword": 8, "xmmword": 16, "ymmword": 32}
_NUMBER = 4  # bytes of it that the kernel looks at


def before(each: Instruction, wanted: Location, go: bool) -> Iterator[Location | Origin]:
    """What holds, before an instruction, the value that `wanted` holds after it."""
    if isinstance(wanted, Slot):
        yield _slot(each, wanted)
    elif each.name == "call":
        yield wanted if wanted in KEPT and not go else Unknown()
    elif wanted in HIDDEN.get(each.name, ()):
        yield Unknown()
    elif each.name in READERS or WIDE.get(each.operands[0]) != wanted:
        yield _exchanged(each, wanted)
    elif each.name == "pop":
        yield Slot("rsp", 0)
    else:
        if each.name.startswith("cmov"):
            yield wanted
        yield _written(each)


def _exchanged(each: Instruction, wanted: str) -> Location | Origin:
    second = each.operands[1] if len(each.operands) > 1 else ""
    touched = each.name in ("xchg", "xadd") and WIDE.get(second) == wanted
    return Unknown() if touched else wanted


def _written(each: Instruction) -> Location | Origin:
    target, value = each.operands[0], each.operands[-1]
    immediate = number(value)
    if LOW.fullmatch(target) and each.name == "mov" and immediate is not None:
        # Hand-written code clears the register before: xor eax, eax; mov al, 56.
        return Constant(immediate & 0xFF)
    if not WHOLE.fullmatch(target):
        return Unknown()
    if each.name in ("xor", "sub") and target == value:
        return Constant(0)
    if not each.name.startswith(("mov", "cmov")):
        return Unknown()
    return _operand(value) if each.relative is None else Variable(each.relative)


def _operand(text: str) -> Location | Origin:
    if (found := _MEMORY.fullmatch(text)) and found[1] in ("dword", "qword"):
        return _word(found)
    if WHOLE.fullmatch(text):
        return WIDE[text]
    value = number(text)
    return Unknown() if value is None else Constant(value & 0xFFFFFFFF)


def _word(memory: re.Match[str]) -> Slot:
    return Slot(memory[2], int(memory[4] or "0", 0) * (-1 if memory[3] == "-" else 1))


def _slot(each: Instruction, wanted: Slot) -> Location | Origin:
    if each.name.startswith("mov") and _operand(each.operands[0]) == wanted:
        return _operand(each.operands[1])
    if _overwritten(each, wanted):
        return Unknown()
    if wanted.base == "rsp":
        return _moved(each, wanted)
    if each.operands[0] != "rbp":
        return wanted
    return Slot("rsp", wanted.offset) if each.operands[1:] == ("rsp",) else Unknown()


def _overwritten(each: Instruction, wanted: Slot) -> bool:
    """Whether it writes another operand over a part of the word."""
    found = _MEMORY.fullmatch(each.operands[0])
    if not found or each.name in READERS or _word(found).base != wanted.base:
        return False
    distance = wanted.offset - _word(found).offset
    return -_NUMBER < distance < _WIDTHS.get(found[1], 64)


def _moved(each: Instruction, wanted: Slot) -> Location | Origin:
    """The same word by the stack pointer as it was before."""
    if each.name == "push":
        pushed = wanted.offset == 0
        return _operand(each.operands[0]) if pushed else wanted._replace(offset=wanted.offset - 8)
    if each.name == "pop":
        return wanted._replace(offset=wanted.offset + 8)
    if each.operands[0] != "rsp" or each.name in READERS:
        return wanted
    step = number(each.operands[-1]) if each.name in ("add", "sub") else None
    if step is None:
        return Unknown()
    return wanted._replace(offset=wanted.offset + (step if each.name == "add" else -step))
