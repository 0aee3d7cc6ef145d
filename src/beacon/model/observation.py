"""What the kernel saw of one container.

A profile holds a hundred thousand of these small structs, and none can be part of a cycle:
`gc=False` spares Python's collector the search, which took as long as a whole synthesis.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum

import msgspec

from beacon.model.event import Abi, Capability, Event, Phase, Syscall
from beacon.model.numbers import Count

#: The name of all processes beyond those of which the kernel program keeps the names.
OTHERS = "(others)"


class ClassCount(msgspec.Struct, frozen=True, gc=False):
    """The calls among those of a SyscallCount that belong to one argument class.

    A call with flags belongs to the class of each, so these counts may add up to more.
    """

    argument: str
    count: Count
    denied: Count
    processes: tuple[str, ...]


class SyscallCount(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """How often one system call was made in one phase.

    `count` entered the kernel; of these `failed` came back with an error (counted for ABIs other
    than x86-64 only). `denied` were answered by the filter, mostly with an error; for `killed` it
    ended the thread or process that made the call, for `trapped` it sent SIGSYS. `first_ns` counts
    from the moment the container became a target. `processes` holds printable process names.
    `classes` tells the calls apart by their arguments; it is empty when they are all alike, or too
    many or from another ABI to be told apart: then the whole call counts.
    """

    call: Syscall
    phase: Phase
    count: Count
    denied: Count
    first_ns: Count
    processes: tuple[str, ...]
    classes: tuple[ClassCount, ...] = ()
    killed: Count = 0
    trapped: Count = 0
    failed: Count = 0

    def parts(self) -> Iterator[tuple[Syscall, ClassCount]]:
        """The call by each argument class, or as a whole, with the counts of that part."""
        for each in self.classes:
            yield Syscall(self.call.name, self.call.abi, each.argument), each
        if not self.classes:
            yield self.call, ClassCount("", self.count, self.denied, self.processes)


class Holding(StrEnum):
    """Why a process needs to hold a capability that the kernel did not ask for."""

    FILE = "file"  # the executed file carries it
    CAPSET = "capset"  # the process installs sets that hold it
    AMBIENT = "ambient"  # the process raises it into its ambient set
    ROOT_MAP = "root_map"  # the process maps root into a user namespace that it made


class CapabilityCheck(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """How often the kernel asked for one capability in one phase, from one place.

    `decisive` is False where the answer decides nothing that the process would miss (overcommit
    accounting asks for CAP_SYS_ADMIN on every mapping; docs/reference/capability-checks.md).
    `foreign` marks answers that did not depend on the container's own rights: those of a user
    namespace that it made, or credentials that a file system lent (overlayfs acts as its mounter).
    `call` is the system call in flight, `callers` the kernel functions that asked, innermost first.

    With `holding` the kernel did not ask, yet without the capability the call would fail; `file` is
    the executed file that carries it.
    """

    capability: Capability
    phase: Phase
    granted: bool
    decisive: bool = msgspec.field(name="audited")
    foreign: bool
    call: str | None
    callers: tuple[str, ...]
    count: Count
    first_ns: Count
    processes: tuple[str, ...]
    holding: Holding | None = None
    file: str | None = None

    @property
    def held(self) -> str | None:
        """What needed it without asking for it, in words; None for a question of the kernel's."""
        match self.holding:
            case Holding.FILE:
                return f"{self.call} of {self.file}, which carries it"
            case Holding.CAPSET:
                return f"{self.call}, which installs it"
            case Holding.AMBIENT:
                return f"{self.call}, which raises it into the ambient set"
            case Holding.ROOT_MAP:
                return f"{self.call}, which maps root into a user namespace"
        return None

    @property
    def needed(self) -> bool:
        """Whether the container itself was granted this, by its own rights, for a real question."""
        return self.granted and self._own

    @property
    def refused(self) -> bool:
        """Whether the container itself asked for this and did not get it."""
        return not self.granted and self._own

    @property
    def _own(self) -> bool:
        return self.decisive and not self.foreign and self.phase is not Phase.RUNTIME


class Use(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """An event that was used in one phase: how often, and by which processes.

    `call` is the system call that asked for a capability; `held`: that needed it without asking.
    """

    event: Event
    phase: Phase
    count: Count
    processes: tuple[str, ...]
    call: str | None = None
    held: str | None = None


class Program(msgspec.Struct, frozen=True, order=True, gc=False):
    """A file that was executed: where the container saw it, printable, in which phase, how often.

    For a script it is the interpreter. Of a path that is long the kernel side keeps the last parts,
    and of each the first bytes. A deleted file has the path that it had, one in memory
    `/memfd:NAME`.
    """

    path: str
    phase: Phase
    count: Count


class Loss(msgspec.Struct, frozen=True):
    """Something that could not be kept; any loss keeps a profile from being complete."""

    what: str
    count: Count


class Observation(msgspec.Struct, frozen=True, kw_only=True):
    """All events of one container. `unnumbered` counts calls with numbers no kernel has.

    `programs` are the files that it executed, by path and phase; documents of older versions have
    none.
    """

    syscalls: tuple[SyscallCount, ...] = ()
    capabilities: tuple[CapabilityCheck, ...] = ()
    losses: tuple[Loss, ...] = ()
    unnumbered: Count = 0
    programs: tuple[Program, ...] = ()

    def used(self) -> frozenset[Syscall]:
        """The system calls that entered the kernel at least once, whatever their arguments."""
        return frozenset(entry.call for entry in self.syscalls if entry.count)

    def abis(self) -> frozenset[Abi]:
        """The ABIs of which at least one call did not fail: the others were only probed."""
        return frozenset([each.call.abi for each in self.syscalls if each.count > each.failed])

    def uses(self) -> Iterator[Use]:
        """What a policy has to allow for this: calls that entered, capabilities needed."""
        abis = self.abis()
        for entry in self.syscalls:
            for call, part in entry.parts():
                if part.count and call.abi in abis:
                    yield Use(
                        event=call, phase=entry.phase, count=part.count, processes=part.processes
                    )
        for check in self.capabilities:
            if check.needed:
                yield Use(
                    event=check.capability,
                    phase=check.phase,
                    count=check.count,
                    processes=check.processes,
                    call=check.call,
                    held=check.held,
                )

    def probes(self) -> Iterator[Use]:
        """The calls that entered by an ABI of which every call failed."""
        abis = self.abis()
        for entry in self.syscalls:
            if entry.count and entry.call.abi not in abis:
                yield Use(
                    event=entry.call,
                    phase=entry.phase,
                    count=entry.count,
                    processes=entry.processes,
                )

    def events(self) -> frozenset[Event]:
        """The events of these uses."""
        return frozenset(use.event for use in self.uses())

    def denied(self) -> frozenset[Syscall]:
        """The system calls that the filter turned away at least once, by argument class."""
        parts = (part for entry in self.syscalls if entry.denied for part in entry.parts())
        return frozenset(call for call, counted in parts if counted.denied)

    def refused(self) -> frozenset[Syscall]:
        """The system calls that the filter turned away or answered with a signal."""
        return self.denied() | {entry.call for entry in self.signalled()}

    def signalled(self) -> tuple[SyscallCount, ...]:
        """The calls for which the filter ended or signalled their callers at least once."""
        return tuple(entry for entry in self.syscalls if entry.killed or entry.trapped)
