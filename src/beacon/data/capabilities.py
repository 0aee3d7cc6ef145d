"""What each capability is worth by itself to somebody who wants out of a container."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping
from functools import cache

import msgspec

from beacon.data.table import read_table
from beacon.errors import UsageError
from beacon.model.launch import Launch, strip_cap_prefix
from beacon.model.text import escape_untrusted

#: What Docker grants without any option, without `CAP_` (moby, oci/caps/defaults.go).
DOCKER_DEFAULT = frozenset(
    {
        *("AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD"),
        *("NET_BIND_SERVICE", "NET_RAW", "SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT"),
    }
)


class Worth(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`weight` from 0 (nothing) to 1 (the host), and the reason.

    `beside`: what is left of it where another capability is allowed that does the same.
    """

    weight: float
    why: str
    beside: dict[str, float] = {}


@cache
def worths() -> Mapping[str, Worth]:
    """By kernel name (`CAP_NET_ADMIN`); the table is read once."""
    return read_table("capabilities.toml", dict[str, Worth])


def worth_beside(capability: str, allowed: Collection[str]) -> float:
    """What it adds for an attacker who has these capabilities already; 1 for an unknown one."""
    worth = worths().get(capability)
    if worth is None:
        return 1.0
    return min([worth.weight, *(left for other, left in worth.beside.items() if other in allowed)])


def granted(launch: Launch, capability: str) -> bool:
    """Whether a container that is launched so has the capability (`CAP_CHOWN`, or without `CAP_`).

    In its bounding set: a process of a user other than root may hold less.
    """
    if launch.takes_away(capability):
        return False
    added = {strip_cap_prefix(word) for word in launch.cap_add}
    return (
        bool(added & {strip_cap_prefix(capability), "ALL"})
        or strip_cap_prefix(capability) in DOCKER_DEFAULT
    )


def check_capability(word: str) -> None:
    """UsageError for the name of no capability, `ALL` and any way to spell it apart."""
    names = [strip_cap_prefix(name) for name in worths()]
    name = strip_cap_prefix(word)
    if name in (*names, "ALL"):
        return
    near = difflib.get_close_matches(name, [*names, "ALL"], n=1)
    advice = f"did you mean {near[0]}?" if near else "see capabilities(7) for their names."
    raise UsageError(f"There is no capability {escape_untrusted(word)}: {advice}")
