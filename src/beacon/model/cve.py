"""Known vulnerabilities: the calls, arguments and capabilities that an attack cannot do without."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from beacon.model.event import Abi

#: Of cves.json; a reader refuses a newer one.
CVES_VERSION = 2

# Printable ASCII only, so that no file moves a cursor. Python's `$` would let a line feed pass.
_TEXT = r"^[ -~]*$(?!\n)"

Text = Annotated[str, Meta(pattern=_TEXT, max_length=1000)]
Word = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_]+$(?!\n)", max_length=64)]
CveId = Annotated[str, Meta(pattern=r"^CVE-[0-9]{4}-[0-9]{4,19}$(?!\n)")]
Vector = Annotated[str, Meta(pattern=r"^[A-Za-z0-9:./]+$(?!\n)", max_length=300)]
Day = Annotated[str, Meta(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$(?!\n)")]


class Cvss(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True
):
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


class Way(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One system call.

    `where`: for each argument named, the constants of which one will do (`{"domain":
    ("AF_NETLINK",)}`); all arguments named must hold at once. Of `flags`, `mask` and `protection`
    the bits named are set, whatever else is; an argument of any other name is equal to the constant
    after the kernel's own masks (a socket type without SOCK_NONBLOCK and SOCK_CLOEXEC, a futex
    operation without FUTEX_PRIVATE_FLAG and FUTEX_CLOCK_REALTIME). Only what the kernel passes in
    a register can be here. Different names may be one number (IPT_SO_SET_REPLACE and
    IP6T_SO_SET_REPLACE; SOL_IP and IPPROTO_IP; O_NOTIFICATION_PIPE and O_EXCL). A reader that does
    not know a field or a constant has to take the call as unconditional.

    `abi`: only this ABI of the call leads there; None: any does.
    """

    call: Word
    where: dict[Word, Annotated[tuple[Word, ...], Meta(min_length=1)]] = {}
    abi: Abi | None = None

    def __str__(self) -> str:
        """`socket(domain AF_NETLINK)`, `i386:ptrace`."""
        abi = f"{self.abi}:" if self.abi is not None else ""
        conditions = (f"{name} {' or '.join(values)}" for name, values in self.where.items())
        return f"{abi}{self.call}({', '.join(conditions)})" if self.where else f"{abi}{self.call}"


class Need(Way, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What an attack has to do: this call, or one of `others` (`or` in the file)."""

    others: tuple[Way, ...] = msgspec.field(name="or", default=())

    @property
    def ways(self) -> tuple[Way, ...]:
        """Every call that does it."""
        return self, *self.others

    def __str__(self) -> str:
        """All of them: `msgrcv or msgsnd`."""
        return " or ".join(Way.__str__(each) for each in self.ways)


#: The attack does all of this.
Path = Annotated[tuple[Need, ...], Meta(min_length=1)]

Sureness = Literal["high", "medium", "low"]


class Verdict(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one reader made of a CVE without knowing another's verdict.

    `agreed`: on every call, argument and capability that was settled.
    """

    by: Text
    sure: Sureness
    agreed: bool


class Provenance(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True
):
    """Where a CVE's facts come from, who judged what an attack needs, and how sure that is.

    `settled_by`: the readers' `agreement`, or the kernel's `sources` where they differed. `why`
    says what decides.
    """

    sources: tuple[Text, ...]
    basis: tuple[Text, ...]
    sure: Sureness
    why: Text
    settled_by: Literal["agreement", "sources"]
    judged_by: tuple[Verdict, ...]
    note: Text | None = None


class Cve(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True
):
    """A vulnerability of the kernel or of a container runtime.

    A policy stops it when every one of `paths` has a need that the policy denies in all ways, or
    when every one of `capabilities` (alternatives; each a set that is needed whole; none at all:
    nothing is needed) has a capability that is neither granted nor gained: with `userns` a process
    gains it in a user namespace that it may create.

    i386's `socketcall` and `ipc` stand in for the socket and IPC calls with arguments in memory,
    and io_uring makes many calls by itself: no path names them for that.
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
    introduced: Text | None = None
    fixed_in: Text | None = None
    kev: bool = False  # in CISA's catalogue of known exploited vulnerabilities
    stopped_by_docker_default: dict[Text, bool] = {}  # by what version of the default
    evaluation: bool = False  # one of the 45 that the evaluation counts
    control: bool = False  # no system-call policy can stop it: whoever says so is wrong
    unreachable: Text | None = None  # why no container on x86-64 reaches it

    @property
    def counts(self) -> bool:
        """Whether a policy can make a difference to it."""
        return not self.control and self.unreachable is None
