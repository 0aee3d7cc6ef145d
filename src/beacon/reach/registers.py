"""The registers of x86-64: their names, and who writes them unseen."""

from __future__ import annotations

import re


def _pointer(short: str) -> tuple[str, ...]:
    return f"r{short}", f"e{short}", short, f"{short}l"


def _general(letter: str) -> tuple[str, ...]:
    return f"r{letter}x", f"e{letter}x", f"{letter}x", f"{letter}l", f"{letter}h"


#: Every name of a part of a register, and the whole register's.
WIDE = {name: f"r{short}" for short in ("si", "di", "bp", "sp") for name in _pointer(short)}
WIDE |= {name: f"r{letter}x" for letter in "abcd" for name in _general(letter)}
WIDE |= {
    name + end: name for name in (f"r{n}" for n in range(8, 16)) for end in ("", "d", "w", "b")
}
#: What reads its first operand.
READERS = frozenset({"cmp", "test", "push", "jmp", "call", "bt", "nop", "comiss", "ucomiss"})
#: Names whose writing changes all of a register (the upper half becomes zero).
WHOLE = re.compile(r"r\d+d?|[re][a-ds][xip]|[re]bp")
#: Names of the lowest byte.
LOW = re.compile(r"[a-d]l|(?:si|di|bp|sp)l|r\d+b")
#: What instructions write without naming it.
HIDDEN = {
    name: written
    for names, written in (
        ("syscall", {"rax", "rcx", "r11"}),
        ("mul div idiv cdqe cwde cmpxchg xgetbv rdtsc", {"rax", "rdx"}),
        ("cdq cqo", {"rdx"}),
        ("cpuid", {"rax", "rbx", "rcx", "rdx"}),
        ("stosb stosd stosq", {"rdi", "rcx"}),
        ("movsb movsd movsq", {"rsi", "rdi", "rcx"}),
    )
    for name in names.split()
}
#: What a C function gives back unchanged (AMD64 supplement); Go keeps nothing.
KEPT = frozenset({"rbx", "rbp", "r12", "r13", "r14", "r15", "rsp"})
