from __future__ import annotations

from fnmatch import fnmatchcase

import pytest

from beacon.data.arguments import canonical, multiplexers
from beacon.data.asked import asked, capabilities_asked
from beacon.data.capabilities import DOCKER_DEFAULT
from beacon.data.kernel import is_syscall, tables
from beacon.model.event import Syscall, parse_event


def test_the_capabilities_that_docker_grants_are_there() -> None:
    assert {f"CAP_{each}" for each in DOCKER_DEFAULT} <= set(asked())
    assert set(asked()) <= set(tables().capabilities)


def test_every_entry_is_a_call_or_matches_a_class() -> None:
    for entry in (each for table in asked().values() for each in table.calls):
        name, bracket, pattern = entry.removesuffix(")").partition("(")
        assert is_syscall(name), entry
        assert not bracket or _matches(name, pattern), entry


def _matches(call: str, pattern: str) -> bool:
    """Whether a class can be spelt so: with stars in the place of words that the table has."""
    words = pattern.split(",")
    names = [each.names for each in multiplexers()[call].arguments]
    if words[-1] == "*" and len(words) < len(names):
        words += ["*"] * (len(names) - len(words))
    example = [
        next(iter(table), "0x0") if word == "*" else word
        for word, table in zip(words, names, strict=True)
    ]
    return fnmatchcase(canonical(call, ",".join(example)), pattern)


@pytest.mark.parametrize(
    ("call", "capability"),
    [
        ("chroot", "CAP_SYS_CHROOT"),
        ("setresuid", "CAP_SETUID"),
        ("i386:setresuid32", "CAP_SETUID"),
        ("setgroups", "CAP_SETGID"),
        ("chown", "CAP_CHOWN"),
        ("chmod", "CAP_FOWNER"),
        ("openat", "CAP_DAC_OVERRIDE"),
        ("socket", "CAP_NET_RAW"),
        ("socket(AF_INET,SOCK_RAW,IPPROTO_ICMP)", "CAP_NET_RAW"),
        ("socket(AF_NETLINK,SOCK_RAW,NETLINK_AUDIT)", "CAP_AUDIT_WRITE"),
        ("prctl(PR_CAPBSET_DROP)", "CAP_SETPCAP"),
        ("i386:socketcall", "CAP_NET_BIND_SERVICE"),
        ("open_tree_attr", "CAP_DAC_OVERRIDE"),
        ("tgkill", "CAP_KILL"),
    ],
)
def test_calls_ask(call: str, capability: str) -> None:
    event = parse_event(call)
    assert isinstance(event, Syscall)
    assert capability in capabilities_asked(event)


@pytest.mark.parametrize(
    "call", ["read", "getpid", "socket(AF_INET,SOCK_STREAM,0x0)", "prctl(PR_SET_NAME)", "mmap"]
)
def test_calls_ask_for_nothing(call: str) -> None:
    event = parse_event(call)
    assert isinstance(event, Syscall)
    assert capabilities_asked(event) == frozenset()
