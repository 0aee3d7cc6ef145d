"""Kernel callers by name: which asked for a capability."""

from __future__ import annotations

from pathlib import Path

import pytest

from beacon.monitor.callers import Symbols, who_asked

KALLSYMS = """\
ffffffff81000000 T _stext
ffffffff81000100 t cap_capable
ffffffff81000200 t cap_vm_enough_memory.part.0
ffffffff81000300 T ns_capable
ffffffff81000400 T __x64_sys_chroot
ffffffff81000500 T bpf_trace_run5
ffffffff81000600 t __traceiter_cap_capable
ffffffff81000700 D some_data
ffffffff81000800 W weak_function.isra.0.cold
ffffffffc0000000 t module_function\t[some_module]
ffffffffc0001000 t bpf_prog_f00_on_cap_capable\t[bpf]
"""


@pytest.fixture
def symbols(tmp_path: Path) -> Symbols:
    path = tmp_path / "kallsyms"
    # The kernel sorts by address only within the core, not across modules.
    path.write_text("".join(reversed(KALLSYMS.splitlines(keepends=True))))
    return Symbols(path)


@pytest.mark.parametrize(
    ("address", "name"),
    [
        (0xFFFFFFFF81000100, "cap_capable"),
        (0xFFFFFFFF810001FF, "cap_capable"),
        (0xFFFFFFFF81000200, "cap_vm_enough_memory"),
        (0xFFFFFFFF81000750, "__traceiter_cap_capable"),
        (0xFFFFFFFF81000810, "weak_function"),
        (0xFFFFFFFFC0000010, "module_function"),
        (0xFFFFFFFF80FFFFFF, None),
        (0, None),
    ],
)
def test_function_that_holds_an_address(symbols: Symbols, address: int, name: str | None) -> None:
    assert symbols.name(address) == name


def test_callers_without_the_machinery(symbols: Symbols) -> None:
    stack = (
        *(0xFFFFFFFFC0001010, 0xFFFFFFFF81000510, 0xFFFFFFFF81000610, 0xFFFFFFFF81000110),
        *(0xFFFFFFFF81000310, 0xFFFFFFFF81000410, 0, 0),
    )
    callers = symbols.callers(stack)
    assert callers == ("cap_capable", "ns_capable", "__x64_sys_chroot")
    assert who_asked(callers) == ("__x64_sys_chroot",)


def test_hidden_symbols_name_nothing(tmp_path: Path) -> None:
    path = tmp_path / "kallsyms"
    path.write_text("0000000000000000 T _stext\n0000000000000000 t cap_capable\n")
    assert not Symbols(path).readable
    assert Symbols(path).callers((0xFFFFFFFF81000110,)) == ()


def test_no_symbols_at_all(tmp_path: Path) -> None:
    path = tmp_path / "kallsyms"
    path.write_text("")
    assert not Symbols(path).readable
    assert Symbols(path).name(1) is None


def test_symbols_with_addresses_are_readable(symbols: Symbols) -> None:
    assert symbols.readable


def test_few_callers_are_kept() -> None:
    names = tuple(f"caller_{n}" for n in range(9))
    assert who_asked(("security_capable", *names)) == names[:3]
    assert who_asked(names, keep=1) == names[:1]
    assert who_asked(("capable", "ns_capable")) == ()
