from __future__ import annotations

import io
import re
import subprocess
import tarfile
from pathlib import Path

import pytest

from beacon.reach import facts
from beacon.reach.analysis import Reachable, Scope, of_files
from beacon.reach.cache import Cache
from beacon.reach.facts import Facts
from beacon.reach.files import Files, read
from beacon.reach.settings import Settings

# Numbers stand in the instruction stream, in libc's functions, in arguments, behind a wrapper.
KNOWN = r"""
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

__attribute__((noinline)) static long handed_on(int unused, long number) {
  long result;
  __asm__ volatile("syscall" : "=a"(result) : "a"(number) : "rcx", "r11", "memory");
  return result + unused;
}

__attribute__((noinline)) static long chosen(int which) {
  long number = SYS_membarrier;
  if (which) {
    number = SYS_kcmp;
    __asm__ volatile("" ::: "memory");  // a branch, not arithmetic
  }
  return handed_on(which, number);
}

int main(int count, char **words) {
  long result;
  __asm__ volatile("syscall" : "=a"(result) : "a"(SYS_vhangup) : "rcx", "r11", "memory");
  result += handed_on(count, SYS_personality) + chosen(count);
  result += syscall(SYS_pidfd_open, 1, 0);
  result += mkdirat(count, words[0], 0) + chroot("/");
  printf("%ld\n", result);
  return 0;
}
"""
USED = {
    *("vhangup", "personality", "kcmp", "membarrier", "pidfd_open", "mkdirat", "chroot"),
    *("execve", "write", "exit_group", "mmap", "openat"),
}
ABSENT = {"ptrace", "mount", "socket", "bpf", "init_module", "clone", "setuid", "kill", "reboot"}

ALONE = r"""
static long ask(long number, long argument) {
  long result;
  __asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(argument) : "rcx", "r11");
  return result;
}
void _start(void) {
  ask(39, 0);
  ask(60, 0);
  for (;;) ;
}
"""

ASKED = r"""
#define _GNU_SOURCE
#include <unistd.h>
extern long other(long);
int main(int count, char **words) { return syscall(count) + syscall(186) + other((long)&syscall); }
"""

CACHE = Cache()


def built(directory: Path, text: str, *options: str, name: str = "program") -> Path:
    source = directory / f"{name}.c"
    source.write_text(text)
    program = directory / name
    subprocess.run(["gcc", "-o", program, source, *options], check=True)
    return program


def of(program: Path) -> Facts:
    return facts.of(program.read_bytes())


def libraries(program: Path) -> list[Path]:
    """The real libc and the loader, as the program would get them."""
    shown = subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout
    return [Path(path) for path in re.findall(r"(/\S+/(?:libc\.so\.6|ld-linux\S+))", shown)]


def archive(files: dict[str, bytes], links: dict[str, str]) -> io.BytesIO:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as made:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(content), 0o755
            made.addfile(member, io.BytesIO(content))
        for name, target in links.items():
            member = tarfile.TarInfo(name)
            member.type, member.linkname = tarfile.SYMTYPE, target
            made.addfile(member)
    stream.seek(0)
    return stream


def image(program: Path, **others: bytes) -> Files:
    files = {f"usr/lib/{each.name}": each.read_bytes() for each in libraries(program)}
    scripts = {name.replace("_", "/"): content for name, content in others.items()}
    links = {"bin": "usr/bin", "lib": "usr/lib", "lib64": "usr/lib"}
    files |= {"usr/bin/program": program.read_bytes(), **scripts}
    return read(archive(files, links))


def analysed(files: Files, scope: Scope, *words: str) -> Reachable:
    return of_files(files, Settings(command=words), scope, CACHE)


@pytest.mark.parametrize("options", [["-O0"], ["-O2"], ["-O2", "-fno-plt"], ["-O1", "-no-pie"]])
def test_known_calls_are_found_and_no_others(tmp_path: Path, options: list[str]) -> None:
    program = built(tmp_path, KNOWN, *options, "-Wl,--strip-all")
    found = analysed(image(program), Scope.ENTRY, "/bin/program")
    assert USED - {"execve"} <= set(found.syscalls)
    assert not ABSENT & set(found.syscalls)
    assert not [place for places in found.unresolved.values() for place in places if "bin" in place]


def test_a_program_without_libraries_has_its_own_calls_only(tmp_path: Path) -> None:
    for options in (["-O0"], ["-O2"]):
        program = built(tmp_path, ALONE, *options, "-static", "-nostdlib", "-fno-stack-protector")
        assert of(program) == Facts(calls=("exit", "getpid"))


def test_what_has_no_constant_is_counted(tmp_path: Path) -> None:
    library = built(
        tmp_path,
        'long other(long n) { register long a asm("rax") = n;'
        ' asm volatile("syscall" : "+r"(a) :: "rcx", "r11"); return a; }',
        *("-O2", "-shared", "-fPIC"),
        name="libother.so",
    )
    program = built(tmp_path, ASKED, "-O1", str(library))
    assert of(program).calls == ("gettid",)
    asked = of(program).unresolved
    assert asked["call of syscall(), number from outside the file"] == 1
    assert asked["call of syscall(), address taken"] == 2  # its own, and that of main with it
    assert of(library).unresolved == {"syscall instruction, number from outside the file": 1}


def test_functions_looked_up_by_name_count(tmp_path: Path) -> None:
    text = """
      #define _GNU_SOURCE
      #include <dlfcn.h>
      int main(void) { return ((int (*)(void))dlsym(RTLD_DEFAULT, "vhangup"))(); }
    """
    found = analysed(image(built(tmp_path, text)), Scope.ENTRY, "/bin/program")
    assert "vhangup" in found.syscalls
    text = '#include <stdio.h>\nint main(void) { return puts("vhangup"); }'
    found = analysed(image(built(tmp_path, text)), Scope.ENTRY, "/bin/program")
    assert "vhangup" not in found.syscalls


def test_libc_says_what_its_functions_call(tmp_path: Path) -> None:
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


def test_the_entry_points_scripts_say_which_programs_count(tmp_path: Path) -> None:
    program = built(tmp_path, KNOWN, "-O2")
    alone = built(tmp_path, ALONE, "-O2", "-static", "-nostdlib", name="alone").read_bytes()
    files = image(
        program,
        entry=b"#!/bin/alone -e\n# program is not started\n. $HOME/lib.sh\n",
        srv_lib_more=b"",
        srv_lib_lib=b"",
        srv_lib=b"",
        usr_bin_alone=alone,
    )
    assert analysed(files, Scope.ENTRY, "/entry").files == ("/usr/bin/alone",)
    assert "/usr/bin/program" in analysed(files, Scope.IMAGE, "/entry").files
    files = image(program, entry=b'#!/bin/sh\nexec "$DIR/bin/program"\n', usr_bin_alone=alone)
    found = analysed(files, Scope.ENTRY, "/entry").files
    assert "/usr/bin/program" in found
    assert "/usr/bin/alone" not in found


def test_damaged_files_are_counted(tmp_path: Path) -> None:
    content = built(tmp_path, KNOWN, "-O2").read_bytes()
    for size in (4, 63, 64, 500, len(content) // 2, len(content) - 200):
        assert "file not read" in next(iter(facts.of(content[:size]).unresolved))
    for place in range(0, len(content), 301):
        facts.of(content[:place] + bytes([content[place] ^ 0xFF]) + content[place + 1 :])


def test_names_of_an_archive_lead_nowhere_else() -> None:
    files = read(
        archive({"../../a": b"#!/x", "b/../../c": b"#!/y"}, {"loop": "loop", "up": "../.."})
    )
    assert set(files.files) == {"/a", "/c"}
    assert files.find("/loop/x") is None
    assert files.real("/up/a") == "/a"


def test_results_are_kept_by_content(tmp_path: Path) -> None:
    Cache(tmp_path).get("sha256:1/x", Facts, lambda: Facts(soname="one"))
    assert Cache(tmp_path).get("sha256:1/x", Facts, Facts).soname == "one"
    next(tmp_path.iterdir()).write_text("{")
    assert Cache(tmp_path).get("sha256:1/x", Facts, Facts).soname == ""
