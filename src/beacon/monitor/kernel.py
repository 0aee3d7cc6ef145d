"""The monitor: cgroups, the kernel program, and its maps put into the model's words."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec

from beacon.data.advisory_checks import is_advisory
from beacon.data.kernel import capability_name
from beacon.model.event import Abi, Capability, Phase, Syscall
from beacon.model.observation import (
    OTHERS,
    CapabilityCheck,
    ClassCount,
    Holding,
    Loss,
    Observation,
    Program,
    SyscallCount,
)
from beacon.model.text import escape_untrusted
from beacon.monitor.callers import Symbols, who_asked
from beacon.monitor.cgroup import Cgroup, cgroup_of, cgroup_to_come, find_hierarchy
from beacon.monitor.classes import Part, Sums, told_apart
from beacon.monitor.held import demand, executed, mapped_root, path_of
from beacon.monitor.interface import (
    NOTHING_CARRIED,
    Monitor,
    MonitorFacts,
    MonitorUnsupportedError,
    Target,
)
from beacon.monitor.losses import losses
from beacon.monitor.opened import needed_no_right
from beacon.monitor.program import ATTACH_MODES, loaded
from beacon.monitor.slots import Slots


class KernelTarget(Target):
    """A slot of the kernel program."""

    def __init__(
        self,
        slots: Slots,
        place: Path,
        cgroup_parent: str,
        symbols: Symbols,
        own: Cgroup | None = None,
    ) -> None:
        self._slots, self._place, self._symbols, self._own = slots, place, symbols, own
        self._cgroup_parent = cgroup_parent
        self._since = time.monotonic_ns()
        self._skipped_before = slots.skipped_runs()
        # No cgroup has the id 0: of one that does not exist, nothing counts yet.
        self._slot = slots.acquire(place.stat().st_ino if place.exists() else 0)

    def follow(self, first_process: int) -> None:
        """Follow the container, which runs already, when it is started again."""
        above = self._place.parent.stat().st_ino
        self._slots.follow(self._slot, above, self._place.name, first_process)

    @property
    def cgroup_parent(self) -> str:
        """The cgroup as an engine's `--cgroup-parent` names it."""
        return self._cgroup_parent

    def set_phase(self, phase: Phase) -> None:
        """Count what the container's own processes do from now on under `phase`."""
        self._slots.set_phase(self._slot, phase)

    def kill(self) -> None:
        """Kill whatever is in the cgroup; nothing of a container that somebody else made."""
        if self._own is not None:
            self._own.kill()

    def expect_restart(self) -> None:
        """Expect the container's next start."""
        self._slots.expect_restart(self._slot)

    def executed(self) -> frozenset[str]:
        """The files that were executed, or could not be for want of a right."""
        return frozenset(path for path, _, _ in self._files())

    def snapshot(self, carried: Mapping[str, int] = NOTHING_CARRIED) -> Observation:
        """All that was seen so far."""
        counters = self._slots.counters(self._slot)
        names = self._slots.names(self._slot)
        return Observation(
            syscalls=tuple(self._syscalls(names)),
            capabilities=tuple(self._checks(names, carried)),
            losses=tuple(self._losses(counters)),
            unnumbered=counters["unnumbered"],
            programs=tuple(self._programs()),
        )

    def release(self) -> None:
        """Stop watching."""
        self._slots.release(self._slot)

    def _losses(self, counters: dict[str, int]) -> Iterator[Loss]:
        yield from losses(counters)
        skipped = self._slots.skipped_runs() - self._skipped_before
        if skipped:
            yield Loss("runs of the program that the kernel skipped, on the whole host", skipped)

    def _syscalls(self, names: dict[int, bytes]) -> Iterator[SyscallCount]:
        parts = self._parts()
        for phase, abi, number, event in self._slots.events(self._slot):
            call = Syscall(self._slots.words.call_name(abi, number), abi)
            classes = told_apart(call.name, event, parts.get((phase, abi, number), []))
            yield SyscallCount(
                call=call,
                phase=phase,
                count=event["count"],
                denied=event["denied"],
                first_ns=event["first_ns"] - self._since,
                processes=_processes(event["comms"], names),
                classes=tuple(
                    ClassCount(name, total.entered, total.denied, _processes(total.comms, names))
                    for name, total in classes.items()
                ),
                killed=event["killed"],
                trapped=event["trapped"],
                failed=event["failed"],
            )

    def _parts(self) -> dict[tuple[Phase, Abi, int], list[Part]]:
        """The combinations of arguments by the call that they belong to."""
        words = self._slots.words
        found: dict[tuple[Phase, Abi, int], list[Part]] = defaultdict(list)
        for key, counts in self._slots.classes(self._slot):
            call = _at(words.phases, key["phase"]), _at(words.abis, key["abi"]), key["nr"]
            sums = Sums(counts["count"], counts["denied"], counts["comms"])
            found[call].append((key["values"], sums))
        return found

    def _checks(
        self, names: dict[int, bytes], carried: Mapping[str, int]
    ) -> Iterator[CapabilityCheck]:
        """What was asked, then what was demanded by other ways; all alike are one entry."""
        for kinds in (self._asked(), self._demands(carried)):
            yield from self._merged(kinds, names)

    def _asked(self) -> Iterator[tuple[CapabilityCheck, dict[str, int]]]:
        """Each question of the kernel's; apart those after which a file opened all the same."""
        for key, count in self._slots.checks(self._slot):
            callers = self._symbols.callers(key["callers"])
            kind = self._kind(key, callers)
            opened = 0
            if needed_no_right(kind.call, callers, self._symbols, granted=kind.granted):
                opened = count["opened"]
            for decisive, part in ((kind.decisive, count["count"] - opened), (False, opened)):
                if part:
                    yield (
                        msgspec.structs.replace(kind, decisive=decisive),
                        {**count, "count": part},
                    )

    def _merged(
        self, kinds: Iterable[tuple[CapabilityCheck, dict[str, int]]], names: dict[int, bytes]
    ) -> Iterator[CapabilityCheck]:
        merged: dict[CapabilityCheck, tuple[int, int, int]] = {}
        for kind, count in kinds:
            total, first, seen = merged.get(kind, (0, count["first_ns"], 0))
            first = min(first, count["first_ns"])
            merged[kind] = (total + count["count"], first, seen | count["comms"])
        for kind, (total, first, seen) in sorted(merged.items(), key=lambda item: item[1][1]):
            yield msgspec.structs.replace(
                kind,
                count=total,
                first_ns=first - self._since,
                processes=_processes(seen, names),
            )

    def _files(self) -> Iterator[tuple[str, dict[str, Any], dict[str, int]]]:
        for key, count in self._slots.execs(self._slot):
            yield path_of(key, self._slots.words.component), key, count

    def _programs(self) -> Iterator[Program]:
        """What was executed, by path and phase, the earliest first."""
        counts: Counter[tuple[str, Phase]] = Counter()
        for path, key, count in sorted(self._files(), key=lambda each: each[2]["first_ns"]):
            if not key["failed"]:
                phase = _at(self._slots.words.phases, key["phase"])
                counts[escape_untrusted(path), phase] += count["count"]
        return (Program(path, phase, count) for (path, phase), count in counts.items())

    def _demands(
        self, carried: Mapping[str, int]
    ) -> Iterator[tuple[CapabilityCheck, dict[str, int]]]:
        words = self._slots.words
        held = list(self._slots.held(self._slot))
        keys = [key for key, _ in held]
        for key, count in held:
            call = words.call_name(_at(words.abis, key["abi"]), key["nr"])
            holding = words.holdings[key["holding"]]
            for name, granted in demand(key, holding, keys).checks():
                yield self._held_kind(key, name, granted, call, holding), count
        yield from self._mapped_roots()
        for path, key, count in self._files():
            for name, granted in executed(carried.get(path, 0), key["bounding"]).checks():
                kind = self._held_kind(key, name, granted, "execve", Holding.FILE)
                yield msgspec.structs.replace(kind, file=escape_untrusted(path)), count

    def _mapped_roots(self) -> Iterator[tuple[CapabilityCheck, dict[str, int]]]:
        maps = self._slots.words.root_maps
        for key, count in self._slots.checks(self._slot):
            if key["root_map"] == maps["ROOT_MAP_NONE"]:
                continue
            if "map_write" in self._symbols.callers(key["callers"]):
                own = {**key, "not_own_cred": 0}
                granted = key["root_map"] == maps["ROOT_MAP_GRANTED"]
                for name, answer in mapped_root(granted=granted).checks():
                    yield (
                        self._held_kind(own, name, answer, self._call(key), Holding.ROOT_MAP),
                        count,
                    )

    def _call(self, key: dict[str, Any]) -> str | None:
        """The system call in flight, if there was one."""
        words = self._slots.words
        if key["nr"] >= words.numbers:
            return None
        return words.call_name(_at(words.abis, key["abi"]), key["nr"])

    def _held_kind(
        self, key: dict[str, Any], name: str, granted: bool, call: str | None, holding: Holding
    ) -> CapabilityCheck:
        return CapabilityCheck(
            capability=Capability(name),
            phase=_at(self._slots.words.phases, key["phase"]),
            granted=granted,
            decisive=True,
            foreign=bool(key["not_own_cred"]),
            call=call,
            callers=(),
            count=0,
            first_ns=0,
            processes=(),
            holding=holding,
        )

    def _kind(self, key: dict[str, Any], callers: tuple[str, ...]) -> CapabilityCheck:
        """What was asked, from where; nothing counted yet."""
        words = self._slots.words
        capability = capability_name(key["cap"])
        return CapabilityCheck(
            capability=Capability(capability),
            phase=_at(words.phases, key["phase"]),
            granted=bool(key["granted"]),
            decisive=not (key["indifferent"] or is_advisory(capability, callers)),
            foreign=bool(key["not_own_cred"]),
            call=self._call(key),
            callers=who_asked(callers),
            count=0,
            first_ns=0,
            processes=(),
        )


class KernelMonitor(Monitor):
    """Loads the kernel program once; watches up to LIMIT_SLOTS containers with it.

    `joining`: only containers that run already.
    """

    def __init__(
        self,
        *,
        systemd_cgroups: bool = False,
        joining: bool = False,
        rungs: tuple[str, ...] = tuple(ATTACH_MODES),
    ) -> None:
        self._hierarchy = find_hierarchy()
        self._systemd = systemd_cgroups
        with ExitStack() as stack:
            unified = self._hierarchy.version == 2
            self._rung, program = stack.enter_context(
                loaded(unified=unified, joining=joining, rungs=rungs)
            )
            self._slots = Slots(program)
            stack.callback(self._slots.close)
            self._stack = stack.pop_all()
        self._symbols_needed()

    def facts(self) -> MonitorFacts:
        """How the kernel is watched."""
        return MonitorFacts(self._rung, self._hierarchy.version)

    @contextmanager
    def watch(self, name: str) -> Iterator[KernelTarget]:
        """Make the cgroup `name`, watch it, remove it at the end."""
        cgroup = Cgroup(self._hierarchy, name, systemd=self._systemd)
        with ExitStack() as stack:
            cgroup.make()
            stack.callback(cgroup.remove)
            target = KernelTarget(self._slots, cgroup.path, cgroup.option, self._symbols, cgroup)
            stack.callback(target.release)
            yield target

    @contextmanager
    def join(self, container: str, pid: int, cgroup: str) -> Iterator[KernelTarget]:
        """Watch a container that somebody else made."""
        if pid:
            place = cgroup_of(self._hierarchy, pid, container)
        else:
            place = cgroup_to_come(self._hierarchy, cgroup)
        option = f"/{place.parent.relative_to(self._hierarchy.identity)}"
        target = KernelTarget(self._slots, place, option, self._symbols)
        try:
            target.follow(pid)
            yield target
        finally:
            target.release()

    def close(self) -> None:
        """Detach from the kernel."""
        self._stack.close()

    @cached_property
    def _symbols(self) -> Symbols:
        return Symbols()

    def _symbols_needed(self) -> None:
        # Without names, checks that decide something and those that do not look alike.
        if not self._symbols.readable:
            self.close()
            raise MonitorUnsupportedError(
                "The kernel hides its symbols: set kernel.kptr_restrict to 0 or 1 and run as root."
            )


def _processes(bits: int, names: dict[int, bytes]) -> tuple[str, ...]:
    ids = (n for n in range(64) if bits >> n & 1)
    found = {escape_untrusted(names[n].split(b"\0")[0]) if n in names else OTHERS for n in ids}
    return tuple(sorted(found))


def _at(mapping: dict[Any, int], value: int) -> Any:
    return next(key for key, number in mapping.items() if number == value)
