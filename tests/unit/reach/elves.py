"""Programs that are compiled for a test, and images that hold them with their real libraries."""

from __future__ import annotations

import io
import re
import subprocess
import tarfile
from functools import cache
from pathlib import Path

from beacon.model.reach import Reach
from beacon.reach import facts
from beacon.reach.analysis import of_image
from beacon.reach.archive import read
from beacon.reach.facts import Facts
from beacon.reach.files import Kind, Listing
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
#: Options for it.
BARE = ("-static", "-nostdlib", "-fno-stack-protector")


def built(directory: Path, text: str, *options: str, name: str = "program") -> Path:
    source = directory / f"{name}.c"
    source.write_text(text)
    program = directory / name
    subprocess.run(["gcc", "-o", program, source, *options], check=True)
    return program


@cache
def _facts(kind: Kind, content: bytes) -> Facts:
    return facts.of_elf(content) if kind is Kind.ELF else facts.of_script(content)


def of(program: Path) -> Facts:
    return _facts(Kind.ELF, program.read_bytes())


def libraries(program: Path) -> list[Path]:
    """The real libc and the loader, as the program would get them."""
    shown = subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout
    return [Path(path) for path in re.findall(r"(/\S+/(?:libc\.so\.6|ld-linux\S+))", shown)]


def archive(files: dict[str, bytes], links: dict[str, str] | None = None) -> io.BytesIO:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as made:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(content), 0o755
            made.addfile(member, io.BytesIO(content))
        for name, target in (links or {}).items():
            member = tarfile.TarInfo(name)
            member.type, member.linkname = tarfile.SYMTYPE, target
            made.addfile(member)
    stream.seek(0)
    return stream


def listed(stream: io.BytesIO) -> tuple[Listing, dict[str, Facts]]:
    """What an archive holds, and the facts about it."""
    known: dict[str, Facts] = {}

    def keep(digest: str, kind: Kind, content: bytes) -> None:
        known[digest] = _facts(kind, content)

    return read(stream, keep), known


class Image:
    """`files` by path, with a program's libraries and the usual links."""

    def __init__(self, program: Path, **files: bytes) -> None:
        held = {f"usr/lib/{each.name}": each.read_bytes() for each in libraries(program)}
        held |= {"usr/bin/program": program.read_bytes()}
        held |= {name.replace("__", "/"): content for name, content in files.items()}
        links = {"bin": "usr/bin", "lib": "usr/lib", "lib64": "usr/lib"}
        self.listing, self.facts = listed(archive(held, links))

    def reach(self, *words: str, executed: tuple[str, ...] = ()) -> Reach:
        return of_image(self.listing, self.facts, Settings(words=words), executed)
