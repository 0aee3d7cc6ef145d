"""From an image's files to what its programs can call."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from beacon.model.reach import Caller, Scope, Unresolved
from unit.reach.elves import ALONE, BARE, KNOWN, Image, built

USED = {
    *("vhangup", "personality", "kcmp", "membarrier", "pidfd_open", "mkdirat", "chroot"),
    *("write", "exit_group", "mmap", "openat"),
}
ABSENT = {"ptrace", "mount", "socket", "bpf", "init_module", "clone", "setuid", "kill", "reboot"}


@pytest.mark.parametrize(
    "options",
    [
        ["-O0"],
        ["-O2"],
        ["-O2", "-fno-plt"],
        ["-O1", "-no-pie"],
        ["-O2", "-Wl,-z,pack-relative-relocs"],
    ],
)
def test_known_calls_are_found_and_no_others(tmp_path: Path, options: list[str]) -> None:
    program = built(tmp_path, KNOWN, *options, "-Wl,--strip-all")
    found = Image(program).reach("/bin/program")
    calls = found.within(Scope.BESIDE)
    assert calls.keys() >= USED
    assert not ABSENT & calls.keys()
    assert not [each for each in found.unresolved if "bin" in each.file]


def test_each_call_has_its_callers(tmp_path: Path) -> None:
    found = Image(built(tmp_path, KNOWN, "-O2")).reach("program").within(Scope.BESIDE)
    program, libc = "/usr/bin/program", "/usr/lib/libc.so.6"
    assert found["chroot"].callers == (Caller(program, libc, "chroot"),)
    assert found["vhangup"].callers[0].program == program
    assert found["vhangup"].callers[0].library is None
    assert found["chroot"].who() == f"{program} imports chroot ({libc})"
    (start,) = found["arch_prctl"].callers
    assert start.words().startswith(f"{program} loads /usr/lib/ld-linux")


def test_functions_looked_up_by_name_count(tmp_path: Path) -> None:
    text = """
      #define _GNU_SOURCE
      #include <dlfcn.h>
      int main(void) { return ((int (*)(void))dlsym(RTLD_DEFAULT, "vhangup"))(); }
    """
    assert "vhangup" in Image(built(tmp_path, text)).reach("program").within(Scope.BESIDE)
    text = '#include <stdio.h>\nint main(void) { return puts("vhangup"); }'
    assert "vhangup" not in Image(built(tmp_path, text)).reach("program").within(Scope.BESIDE)


def test_the_scopes(tmp_path: Path) -> None:
    """What ran; what stands beside it; the rest."""
    program = built(tmp_path, KNOWN, "-O2")
    alone = built(tmp_path, ALONE, "-O2", *BARE, name="alone").read_bytes()
    image = Image(program, usr__bin__other=alone)
    found = image.reach("other")
    assert found.within(Scope.RUN) == {}
    assert found.within(Scope.BESIDE).keys() == {"exit", "getpid"}
    assert found.within(Scope.IMAGE).keys() >= USED
    found = image.reach("program", executed=("/bin/other",))
    assert found.within(Scope.RUN).keys() == {"exit", "getpid"}
    assert found.within(Scope.BESIDE).keys() >= USED
    assert found.files == {Scope.RUN: 1, Scope.BESIDE: 4, Scope.IMAGE: 4}


def test_what_ran_and_is_not_in_the_image_is_named(tmp_path: Path) -> None:
    found = Image(built(tmp_path, KNOWN)).reach(executed=("/memfd:x", "/mounted/program"))
    said = "executed, but not a file of the image"
    assert found.unresolved[:2] == (
        Unresolved("/memfd:x", said, 1, Scope.RUN),
        Unresolved("/mounted/program", said, 1, Scope.RUN),
    )


def test_what_ran_and_was_not_read_is_named_with_the_reason(tmp_path: Path) -> None:
    image = Image(built(tmp_path, KNOWN))
    image.listing = msgspec.structs.replace(image.listing, unread={"/bin/large": "too large"})
    found = image.reach(executed=("/bin/large",))
    assert found.unresolved[0] == Unresolved("/bin/large", "too large", 1, Scope.RUN)


def test_the_entry_points_scripts_say_which_programs_count(tmp_path: Path) -> None:
    program = built(tmp_path, KNOWN, "-O2")
    alone = built(tmp_path, ALONE, "-O2", *BARE, name="alone").read_bytes()
    entry = b"#!/bin/alone -e\n# program is not started\n. $HOME/lib.sh\n"
    found = Image(program, entry=entry, usr__bin__alone=alone, srv__lib=b"").reach("/entry")
    assert found.within(Scope.BESIDE).keys() == {"exit", "getpid"}
    entry = b'#!/bin/sh\nexec "$DIR/bin/program"\n'
    found = Image(program, entry=entry, usr__bin__alone=alone).reach("/entry")
    assert found.within(Scope.BESIDE).keys() >= USED


def test_unresolved_places_are_few_in_the_document(tmp_path: Path) -> None:
    files = {f"usr__bin__bad{number}": b"\x7fELF" + bytes([number]) for number in range(100)}
    found = Image(built(tmp_path, KNOWN), **files).reach()
    assert len(found.unresolved) == 61
    assert found.unresolved[-1].reason == "in other files"
    assert sum(each.count for each in found.unresolved) >= 100
