"""Known vulnerabilities: the calls, arguments and capabilities that an attack cannot do without."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

#: Of cves.json; a reader refuses a newer one.
CVES_VERSION = 1

# Printable ASCII only, so that no file moves a cursor. Python's `$` would let a line feed pass.
_TEXT = r"^[ -~]*$(?!\n)"

Text = Annotated[str, Meta(pattern=_TEXT, max_length=1000)]
Word = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_]+$(?!\n)", max_length=64)]
CveId = Annotated[str, Meta(pattern=r"^CVE-[0-9]{4}-[0-9]{4,19}$(?!\n)")]
Vector = Annotated[str, Meta(pattern=r"^[A-Za-z0-9:./]+$(?!\n)", max_length=300)]
Day = Annotated[str, Meta(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$(?!\n)")]


class Cvss(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A CVSS score and who gave it (`nvd`, `cna:Linux`, `CISA-ADP`).

    `vector` holds base metrics only and yields `base_score`. `rebuilt_from_metric_fields`: the
    source had no vector. `when` is the source's last change of its record, where known.
    """

    version: Literal["2.0", "3.0", "3.1", "4.0"]
    vector: Vector
    base_score: Annotated[float, Meta(ge=0, le=10)]
    by: Text
    rebuilt_from_metric_fields: bool = False
    when: Day | None = None


class Need(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One system call that an attack has to make.

    `where`: for each argument named, the constants of which one will do (`{"domain":
    ("AF_NETLINK",)}`); all arguments named must hold at once. Of `flags`, `mask` and `protection`
    the bits named are set, whatever else is; an argument of any other name is equal to the constant
    after the kernel's own masks (a socket type without SOCK_NONBLOCK and SOCK_CLOEXEC, a futex
    operation without FUTEX_PRIVATE_FLAG and FUTEX_CLOCK_REALTIME). Only what the kernel passes in
    a register can be here. Different names may be one number (IPT_SO_SET_REPLACE and
    IP6T_SO_SET_REPLACE; SOL_IP and IPPROTO_IP; O_NOTIFICATION_PIPE and O_EXCL). A reader that does
    not know a field or a constant has to take the call as unconditional.
    """

    call: Word
    where: dict[Word, Annotated[tuple[Word, ...], Meta(min_length=1)]] = {}


#: The attack makes all of these calls.
Path = Annotated[tuple[Need, ...], Meta(min_length=1)]


class Provenance(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Where a CVE's facts come from; `args` are the analysts' own notes, by call."""

    sources: tuple[Text, ...]
    confidence: Literal["high", "medium", "low"]
    basis: tuple[Text, ...]
    capability_basis: Text | None = None
    userns_basis: Text | None = None
    docker_note: Text | None = None
    note: Text | None = None
    args: dict[Text, Text] = {}
    socket_family: Word | None = None
    needs_new_namespace: bool | None = None


class Cve(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A vulnerability of the kernel or of a container runtime.

    A policy stops it when every one of `paths` has a need that the policy denies, or when every one
    of `capabilities` (alternatives; each a set that is needed whole; none at all: nothing is
    needed) has a capability that is neither granted nor gained: with `userns` a process gains it
    in a user namespace that it may create.

    The calls are those of a 64-bit program. i386's `socketcall` and `ipc` stand in for the socket
    and IPC calls with arguments in memory, and io_uring makes many calls by itself.
    """

    id: CveId
    year: Annotated[int, Meta(ge=1999, le=2100)]
    title: Text
    product: Text
    cvss: Cvss | None  # None: nobody has scored it
    paths: Annotated[tuple[Path, ...], Meta(min_length=1)]
    provenance: Provenance
    cvss_alt: tuple[Cvss, ...] = ()  # other scores that were given
    also_uses: tuple[Word, ...] = ()  # calls that an attack can do without
    capabilities: tuple[Annotated[tuple[Word, ...], Meta(min_length=1)], ...] = ()
    userns: bool = False
    remark: Text | None = None  # for people: what decides and no filter can see
    fixed_in: Text | None = None
    kev: bool = False  # in CISA's catalogue of known exploited vulnerabilities
    mitigated_by_docker_default: bool | None = None  # None: unknown
    evaluation: bool = False  # one of the 45 that the evaluation counts
    control: bool = False  # no system-call policy can stop it: whoever says so is wrong
