"""What is found in one file."""

from __future__ import annotations

from pathlib import Path

import pytest

from beacon.reach import facts
from beacon.reach.facts import Facts
from unit.reach.elves import ALONE, BARE, built, libraries, of

ASKED = r"""
#define _GNU_SOURCE
#include <unistd.h>
extern long other(long);
int main(int count, char **words) { return syscall(count) + syscall(186) + other((long)&syscall); }
"""


def test_a_program_without_libraries_has_its_own_calls_only(tmp_path: Path) -> None:
    for options in (["-O0"], ["-O2"]):
        program = built(tmp_path, ALONE, *options, *BARE)
        assert of(program) == Facts(calls={"exit": "", "getpid": ""})


def test_what_has_no_constant_is_counted(tmp_path: Path) -> None:
    library = built(
        tmp_path,
        'long other(long n) { register long a asm("rax") = n;'
        ' asm volatile("syscall" : "+r"(a) :: "rcx", "r11"); return a; }',
        *("-O2", "-shared", "-fPIC"),
        name="libother.so",
    )
    program = built(tmp_path, ASKED, "-O1", str(library))
    assert of(program).calls.keys() == {"gettid"}
    asked = of(program).unresolved
    assert asked["call of syscall(), number from outside the file"] == 1
    assert asked["call of syscall(), address taken"] == 2  # its own, and that of main with it
    assert of(library).unresolved == {"syscall instruction, number from outside the file": 1}


def test_a_call_has_the_function_that_makes_it(tmp_path: Path) -> None:
    library = built(
        tmp_path,
        "#include <sys/syscall.h>\n#include <unistd.h>\nlong hang(void) { return syscall(153); }",
        *("-O2", "-shared", "-fPIC"),
        name="libhang.so",
    )
    assert of(library).calls == {"vhangup": "hang"}


def test_libc_says_what_its_functions_call() -> None:
    libc = next(each for each in libraries(Path("/bin/sh")) if "libc" in each.name)
    exported = of(libc).exported
    assert exported["socket"] == ("socket",)
    assert exported["chroot"] == ("chroot",)
    assert {"clone", "set_robust_list"} <= set(exported["fork"])
    assert {"clone3", "rseq", "mprotect"} <= set(exported["pthread_create"])
    assert {"socket", "connect", "openat"} <= set(exported["getaddrinfo"])
    assert "rt_sigreturn" in exported["sigaction"]
    assert "strlen" not in exported
    assert not {"socket", "clone", "execve"} & set(exported["printf"])


BARE_LIBC = r"""
#define HIDDEN __attribute__((noipa)) static
HIDDEN long handed_on(long number, long argument) {
  long result;
  __asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(argument) : "rcx", "r11", "memory");
  return result;
}
struct order { long number; };
HIDDEN long ordered(struct order *order) { return handed_on(order->number, 0); }
HIDDEN long jumped(long argument) { return handed_on(41, argument); }
long read(long file) { return handed_on(0, file) + 1; }
long accept4(long file) { return handed_on(288, file) + 1; }
long socket(long domain) { return jumped(domain); }
long setuid(long id) { struct order order = {105}; return ordered(&order) + id; }
long strlen(const char *text) { return *text; }
__asm__(".globl clone; .type clone,@function; clone: xor %eax,%eax; mov $56,%al; syscall; hlt;"
        ".size clone,.-clone");
int __libc_start_main(void) { return handed_on(231, 0); }
"""


def test_a_libc_with_few_names_and_no_table_of_functions(tmp_path: Path) -> None:
    """As musl's: its own functions have no names, and some hand numbers on in memory."""
    options = ("-O2", "-shared", "-fPIC", "-nostdlib", "-fno-asynchronous-unwind-tables")
    found = of(built(tmp_path, BARE_LIBC, *options, "-Wl,--strip-all", name="libc.so"))
    assert found.is_libc
    assert found.calls == {"exit_group": ""}
    assert found.exported == {
        "__libc_start_main": ("exit_group",),
        "accept4": ("accept4",),
        "clone": ("clone",),
        "read": ("read",),
        "setuid": ("setuid",),
        "socket": ("socket",),
    }


@pytest.mark.parametrize(
    ("options", "said"),
    [(["-m32"], "32-bit x86 (i386)"), (["-mx32"], "32-bit pointers (x32)")],
)
def test_other_machines_are_named(tmp_path: Path, options: list[str], said: str) -> None:
    source = tmp_path / "program.s"
    source.write_text(".globl _start\n_start: ret\n")
    import subprocess

    made = tmp_path / "program"
    emulation = {"-m32": "elf_i386", "-mx32": "elf32_x86_64"}[options[0]]
    subprocess.run(["as", options[0].replace("-m", "--"), "-o", f"{made}.o", source], check=True)
    subprocess.run(["ld", "-m", emulation, "-o", made, f"{made}.o"], check=True)
    found = facts.of_elf(made.read_bytes())
    assert found == Facts(unresolved={f"code for {said}, which is not analysed": 1})


def test_the_words_of_a_script() -> None:
    text = b"#!/bin/sh -e\n# program is not started\n. $HOME/lib.sh; ls -l\n"
    found = facts.of_script(text)
    assert found.interpreter == ("/bin/sh", "-e")
    assert {"/lib.sh", "ls"} <= set(found.words)
    assert "program" not in found.words
    assert facts.of_script(b"A=1").interpreter == ("/bin/sh",)


def test_a_script_of_endless_words_takes_little_time() -> None:
    assert facts.of_script(b"#!" + b"a" * (256 << 10) + b"%").words == ()
    assert facts.of_script((b"a" * 250 + b"% ") * 1000).words == ()
