from __future__ import annotations

import subprocess
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beacon.data.arguments import (
    PLAIN,
    Condition,
    canonical,
    classes,
    conditions,
    fields,
    holds,
    multiplexers,
)
from beacon.data.kernel import is_syscall

_HEADERS = [
    "asm/ioctls.h",
    "asm/ptrace-abi.h",
    "fcntl.h",
    "linux/android/binder.h",
    "linux/bpf.h",
    "linux/can.h",
    "linux/if_pppox.h",
    "linux/fcntl.h",
    "linux/fs.h",
    "linux/futex.h",
    "linux/gsmmux.h",
    "linux/if_xdp.h",
    "linux/inotify.h",
    "linux/keyctl.h",
    "linux/in.h",
    "linux/in6.h",
    "linux/netfilter_arp/arp_tables.h",
    "linux/netfilter_ipv4/ip_tables.h",
    "linux/netfilter_ipv6/ip6_tables.h",
    "linux/netlink.h",
    "linux/if_packet.h",
    "linux/perf_event.h",
    "linux/prctl.h",
    "linux/ptrace.h",
    "linux/sched.h",
    "linux/shm.h",
    "linux/sockios.h",
    "linux/tcp.h",
    "linux/userfaultfd.h",
    "linux/watch_queue.h",
    "netinet/in.h",
    "sched.h",
    "sys/mman.h",
    "sys/mount.h",
    "sys/personality.h",
    "sys/ptrace.h",
    "sys/socket.h",
    "time.h",
]
#: Names of ours, and those of the kernel alone or newer than the headers that Debian 12 has.
_OURS = {"NONE", "PER_LINUX", "QUERY", "O_DIRECT", "PROT_WRITE|PROT_EXEC"}


def numbers() -> dict[str, int]:
    found: dict[str, int] = {}
    for multiplexer in multiplexers().values():
        for argument in multiplexer.arguments:
            for names in (argument.names, *argument.names_by.values()):
                for name, number in names.items():
                    assert found.setdefault(name, number) == number, name
    return found


def defined(header: str, names: Iterable[str], directory: Path) -> dict[str, int]:
    """What a header says of those names that it defines; of bpf.h they are enumerators."""
    lines = ["#define _GNU_SOURCE", "#include <linux/ioctl.h>", "#include <stddef.h>"]
    lines += [f"#include <{header}>", "#include <stdio.h>", "int main(void) {"]
    for name in names:
        known = header == "linux/bpf.h" and name.startswith("BPF_")
        condition = "#if 1" if known else f"#ifdef {name}"
        lines.append(f'{condition}\nprintf("{name} %lld\\n", (long long)({name}));\n#endif')
    source, program = directory / "numbers.c", directory / "numbers"
    source.write_text("\n".join([*lines, "return 0; }"]))
    subprocess.run(["gcc", "-w", "-o", str(program), str(source)], check=True)
    said = subprocess.run([str(program)], capture_output=True, text=True, check=True).stdout
    return {name: int(number) & 0xFFFFFFFF for name, number in map(str.split, said.splitlines())}


def test_numbers_are_those_of_the_headers(tmp_path: Path) -> None:
    wanted = {name: number for name, number in numbers().items() if name not in _OURS}
    seen: set[str] = set()
    for header in _HEADERS:
        real = defined(header, wanted, tmp_path)
        assert {name: wanted[name] for name in real} == real, header
        seen |= real.keys()
    # Some are newer than these headers, or the kernel's own.
    assert len(set(wanted) - seen) < 20, sorted(set(wanted) - seen)


def test_every_multiplexer_is_a_call_with_arguments_in_registers() -> None:
    for call, multiplexer in multiplexers().items():
        assert is_syscall(call)
        assert multiplexer.why.endswith(".")
        assert all(0 <= argument.index <= 5 for argument in multiplexer.arguments)
        assert not multiplexer.has_flags or len(multiplexer.arguments) == 1
        assert len({argument.name for argument in multiplexer.arguments}) <= 3


def test_classes_have_names() -> None:
    assert classes("socket", (2, 1, 6)) == ("AF_INET,SOCK_STREAM,IPPROTO_TCP",)
    assert classes("socket", (16, 3, 12)) == ("AF_NETLINK,SOCK_RAW,NETLINK_NETFILTER",)
    assert classes("socket", (99, 9, 7)) == ("0x63,0x9,0x7",)
    assert classes("clone", (0x10020000 | 17,)) == ("CLONE_NEWNS", "CLONE_NEWUSER")
    assert classes("clone", (17,)) == (PLAIN,)
    assert classes("mmap", (3,)) == ("PROT_WRITE",)
    assert fields("setsockopt", "SOL_IP,IPT_SO_SET_REPLACE")["option"] == "IPT_SO_SET_REPLACE"


def test_flags_that_were_not_seen_are_asked_to_be_unset() -> None:
    everything, user = 0x7E020000, 0x10000000
    assert conditions("clone", [PLAIN]) == [(Condition(0, everything, 0),)]
    assert conditions("clone", [PLAIN, "CLONE_NEWUSER"]) == [(Condition(0, everything & ~user, 0),)]


def test_a_flag_allows_no_call_without_it() -> None:
    everything = 0x7E020000
    assert conditions("clone", ["CLONE_NEWUSER"]) == [(Condition(0, everything, 0x10000000),)]
    assert conditions("userfaultfd", ["UFFD_USER_MODE_ONLY"]) == [(Condition(0, 1, 1),)]
    two = conditions("mount", ["MS_BIND", "MS_REMOUNT"])
    assert [_passes(two, {3: flags}) for flags in (0, 0x20, 0x1000, 0x1020, 0x2000)] == [
        False,
        True,
        True,
        True,
        False,
    ]


@pytest.mark.parametrize(
    ("call", "said", "spelt"),
    [
        ("socket", "2,1,0", "AF_INET,SOCK_STREAM,0x0"),
        ("socket", "AF_INET,SOCK_STREAM,0", "AF_INET,SOCK_STREAM,0x0"),
        ("socket", "AF_NETLINK,3,0xc", "AF_NETLINK,SOCK_RAW,NETLINK_NETFILTER"),
        ("ioctl", "0x5401", "TCGETS"),
        ("ioctl", "21505", "TCGETS"),
        ("clone", "CLONE_NEWUSER", "CLONE_NEWUSER"),
        ("clone", "plain", "plain"),
    ],
)
def test_one_class_has_one_spelling(call: str, said: str, spelt: str) -> None:
    assert canonical(call, said) == spelt


@pytest.mark.parametrize(
    ("call", "said"),
    [
        ("clone", "0x10000000"),
        ("clone", "-1"),
        ("clone", "nope"),
        ("clone", "a,b"),
        ("ioctl", "-1"),
        ("ioctl", "0xfffffffff"),
        ("ioctl", "1_0"),
        ("ioctl", "+5"),
        ("ioctl", "f" * 6000),
        ("ioctl", "9" * 6000),
        ("ioctl", "٣"),
        ("socket", "AF_UNIX,0x1f,0x0"),
        ("socket", "AF_UNIX"),
        ("write", "x"),
    ],
)
def test_what_has_no_spelling(call: str, said: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        canonical(call, said)


def test_names_of_several_levels_are_alternatives() -> None:
    wanted = ["IPT_SO_SET_REPLACE", "IP6T_SO_SET_REPLACE"]
    assert holds("setsockopt", "SOL_IP,IPT_SO_SET_REPLACE", "option", wanted)
    assert not holds("setsockopt", "SOL_TCP,TCP_NODELAY", "option", wanted)


def test_values_are_a_rule_each() -> None:
    word = 0xFFFFFFFF
    assert conditions("socket", ["AF_UNIX,SOCK_STREAM,0x0", "AF_INET,SOCK_DGRAM,0x0"]) == [
        (Condition(0, word, 1), Condition(1, 0xF, 1), Condition(2, word, 0)),
        (Condition(0, word, 2), Condition(1, 0xF, 2), Condition(2, word, 0)),
    ]


@pytest.mark.parametrize("word", ["", "AF_INET", "AF_INET,SOCK_STREAM,maybe", "a,b,c,d"])
def test_what_is_no_class_is_refused(word: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        conditions("socket", [word])


@given(st.sampled_from(sorted(multiplexers())), st.data())
def test_what_was_seen_passes_and_nothing_else_of_its_bits(call: str, data: st.DataObject) -> None:
    multiplexer = multiplexers()[call]
    words = st.integers(0, 2**32 - 1)
    known = [v for argument in multiplexer.arguments for v in argument.names.values()]
    values = tuple(
        data.draw(st.sampled_from(known) | words if known else words) & argument.judged
        for argument in multiplexer.arguments
    )
    rules = conditions(call, classes(call, values))
    registers = {a.index: v for a, v in zip(multiplexer.arguments, values, strict=True)}
    assert _passes(rules, registers)
    for argument in multiplexer.arguments:
        other = {**registers, argument.index: registers[argument.index] ^ argument.judged}
        if other != registers and not multiplexer.has_flags:
            assert not _passes(rules, other)


def _passes(rules: list[tuple[Condition, ...]], registers: dict[int, int]) -> bool:
    return any(all(registers[c.index] & c.mask == c.value for c in rule) for rule in rules)


@pytest.mark.parametrize("call", ["mmap", "mprotect", "clone", "recvfrom", "pipe2"])
def test_all_the_classes_of_a_call_ask_for_nothing(call: str) -> None:
    (argument,) = multiplexers()[call].arguments
    every = [*argument.names, *([PLAIN] if multiplexers()[call].has_flags else [])]
    assert conditions(call, every) == [()]
    for missing in every:
        assert all(conditions(call, [each for each in every if each != missing]))


def test_named_classes_are_not_all_there_are() -> None:
    assert all(conditions("fcntl", multiplexers()["fcntl"].arguments[0].names))


def test_a_clock_without_a_name_may_be_any_processs() -> None:
    wanted = ("CLOCK_PROCESS_CPUTIME_ID",)
    assert not holds("clock_nanosleep", "CLOCK_REALTIME", "clock", wanted)
    assert holds("clock_nanosleep", "CLOCK_PROCESS_CPUTIME_ID", "clock", wanted)
    assert holds("clock_nanosleep", "0xfffffffa", "clock", wanted)
