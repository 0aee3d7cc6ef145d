"""The kernel program's memory: one slot for each watched container."""

from __future__ import annotations

import os
import struct
import threading
from collections.abc import Iterator
from itertools import product
from typing import Any

from beacon.data.kernel import PRIVATE, syscall_name
from beacon.model.event import Abi, Phase
from beacon.model.observation import Holding
from beacon.monitor.interface import MonitorFullError
from beacon.monitor.libbpf import Object
from beacon.monitor.program import types

_U64 = struct.Struct("<Q")


class Layouts:
    """The program's enums and structs, in the model's words."""

    def __init__(self) -> None:
        limits = types().enum("limit")
        self.slots = limits["LIMIT_SLOTS"]
        self.numbers = limits["LIMIT_NUMBERS"]
        self.names = limits["LIMIT_COMMS"]
        self.cgroup_filter = limits["LIMIT_CGROUP_FILTER"]
        self.phases = {Phase(_word(name)): n for name, n in _counted("phase")}
        self.abis = {Abi(_word(name)): n for name, n in _counted("abi")}
        self.event = types().layout("event")
        self.slot = types().layout("slot")
        self.target = types().layout("target")
        self.successor_key = types().layout("successor_key")
        self.successor = types().layout("successor")
        self.comm_key = types().layout("comm_key")
        self.cap_key = types().layout("cap_key")
        self.rule = types().layout("rule")
        self.class_key = types().layout("class_key")
        self.class_count = types().layout("class_count")
        self.arguments = limits["LIMIT_ARGUMENTS"]
        self.cap_count = types().layout("cap_count")
        self.held_key = types().layout("held_key")
        self.exec_key = types().layout("exec_key")
        self.holdings = {n: Holding(_word(name)) for name, n in _counted("holding")}
        self.root_maps = types().enum("root_map")
        self.component = limits["LIMIT_COMPONENT"]
        self._private = limits["LIMIT_PRIVATE"]
        self.events_of_slot = len(self.phases) * len(self.abis) * self.numbers

    def call_name(self, abi: Abi, number: int) -> str:
        """The name of a call by its place among the program's numbers."""
        if abi is Abi.ARM and number >= self._private:
            number += PRIVATE - self._private
        return syscall_name(abi, number)


def _counted(enum: str) -> list[tuple[str, int]]:
    return [(name, n) for name, n in types().enum(enum).items() if "COUNT" not in name]


def _word(enumerator: str) -> str:
    return enumerator.partition("_")[2].lower()


class Slots:
    """Hands out slots and reads them; safe for several threads."""

    def __init__(self, program: Object) -> None:
        self.words = Layouts()
        self.skipped_runs = program.skipped_runs
        self._targets = program.map("targets")
        self._successors = program.map("successors")
        self._comms = program.map("comms")
        self._caps = program.map("caps")
        self._classes = program.map("classes")
        self._held = program.map("held")
        self._execs = program.map("execs")
        self._keyed = (
            (self._comms, self.words.comm_key),
            (self._caps, self.words.cap_key),
            (self._classes, self.words.class_key),
            (self._held, self.words.held_key),
            (self._execs, self.words.exec_key),
        )
        self._events = program.map("events").memory()
        self._slots = program.map("slots").memory()
        self._cgroup_filter = program.map("cgroup_filter").memory()
        self._ids: dict[int, int] = {}  # slot -> cgroup id
        self._generation = 0
        self._lock = threading.Lock()

    def acquire(self, cgroup_id: int) -> int:
        """A clean slot for this cgroup; the kernel counts from now on."""
        with self._lock:
            free = self._free()
            if free is None:
                raise MonitorFullError(
                    f"Already {self.words.slots} containers are watched: use fewer --jobs."
                )
            self._wipe(free)
            self._generation += 1
            self._set(free, "generation", self._generation)
            self.set_phase(free, Phase.START)
            target = self.words.target.encode(slot=free, generation=self._generation)
            self._ids[free] = cgroup_id
            self._fill_cgroup_filter()
            self._targets.insert(_U64.pack(cgroup_id), target)
            return free

    def follow(self, slot: int, parent_id: int, name: str, first_process: int) -> None:
        """Follow a container that runs already into the cgroups that it gets when started again.

        They have this name, below the cgroup with this id. `first_process` is its process id now:
        who enters later, and did not begin in it, came from outside.
        """
        self.set_phase(slot, Phase.SERVE)
        self._set(slot, "main_tgid", first_process)
        generation = self.counters(slot)["generation"]
        key = self.words.successor_key.encode(parent=parent_id, name=os.fsencode(name))
        self._successors.insert(
            key,
            self.words.successor.encode(id=self._ids[slot], slot=slot, generation=generation),
        )

    def release(self, slot: int) -> None:
        """Stop counting and wipe the slot."""
        with self._lock:
            for key, value in list(self._successors.items()):
                if self.words.successor.read(value, "slot") == slot:
                    self._successors.delete(key)
                    self._targets.delete(_U64.pack(self.words.successor.read(value, "id")))
            self._targets.delete(_U64.pack(self._ids[slot]))
            self._wipe(slot)
            del self._ids[slot]
            self._fill_cgroup_filter()

    def set_phase(self, slot: int, phase: Phase) -> None:
        """Count what the container's own processes do under `phase`."""
        self._set(slot, "phase", self.words.phases[phase])

    def expect_restart(self, slot: int) -> None:
        """Take the next process that enters for the container's first; phase START."""
        self.set_phase(slot, Phase.START)
        self._set(slot, "userns", 0)
        self._set(slot, "main_tgid", 0)

    def counters(self, slot: int) -> dict[str, int]:
        """The slot's own fields (losses, unnumbered calls, …)."""
        return self.words.slot.decode(memoryview(self._slots), slot * self.words.slot.size)

    def events(self, slot: int) -> Iterator[tuple[Phase, Abi, int, dict[str, int]]]:
        """Every phase, ABI and number that was seen, with its counts."""
        layout = self.words.event
        size = self.words.events_of_slot * layout.size
        raw = self._events[slot * size : (slot + 1) * size]
        empty, length = bytes(layout.size), self.words.numbers * layout.size
        for place, (phase, abi) in enumerate(product(self.words.phases, self.words.abis)):
            table = raw[place * length : (place + 1) * length]
            if table == bytes(length):
                continue
            for number in range(self.words.numbers):
                start = number * layout.size
                if table[start : start + layout.size] != empty:
                    yield phase, abi, number, layout.decode(table, start)

    def names(self, slot: int) -> dict[int, bytes]:
        """Process names by their bit."""
        found = self._of_slot(self._comms, self.words.comm_key, slot)
        return {value[0]: self.words.comm_key.read(key, "comm") for key, value in found}

    def checks(self, slot: int) -> Iterator[tuple[dict[str, Any], dict[str, int]]]:
        """Every kind of capability check, with its counts."""
        for key, value in self._of_slot(self._caps, self.words.cap_key, slot):
            yield self.words.cap_key.decode(key), self.words.cap_count.decode(value)

    def held(self, slot: int) -> Iterator[tuple[dict[str, Any], dict[str, int]]]:
        """Every demand for capability sets, with its counts."""
        for key, value in self._of_slot(self._held, self.words.held_key, slot):
            yield self.words.held_key.decode(key), self.words.cap_count.decode(value)

    def execs(self, slot: int) -> Iterator[tuple[dict[str, Any], dict[str, int]]]:
        """Every file that was executed, or not for want of a right, with its counts."""
        for key, value in self._of_slot(self._execs, self.words.exec_key, slot):
            yield self.words.exec_key.decode(key), self.words.cap_count.decode(value)

    def classes(self, slot: int) -> Iterator[tuple[dict[str, Any], dict[str, int]]]:
        """Every combination of arguments that was told apart, with its counts."""
        for key, value in self._of_slot(self._classes, self.words.class_key, slot):
            yield self.words.class_key.decode(key), self.words.class_count.decode(value)

    def close(self) -> None:
        """Let go of the shared memory."""
        for memory in (self._events, self._slots, self._cgroup_filter):
            memory.close()

    def _free(self) -> int | None:
        """A free slot, not one that was given back just now.

        A run of the kernel program that was under way as its slot was given back may still
        count into it: so a slot is wiped again before its next use, and that is put off.
        """
        order = (self._generation + n for n in range(self.words.slots))
        slots = (n % self.words.slots for n in order)
        return next((slot for slot in slots if slot not in self._ids), None)

    def _wipe(self, slot: int) -> None:
        size = self.words.slot.size
        self._slots[slot * size : (slot + 1) * size] = bytes(size)
        size = self.words.events_of_slot * self.words.event.size
        self._events[slot * size : (slot + 1) * size] = bytes(size)
        for source, layout in self._keyed:
            for key, _ in self._of_slot(source, layout, slot):
                source.delete(key)

    @staticmethod
    def _of_slot(source: Any, layout: Any, slot: int) -> list[tuple[bytes, bytes]]:
        return [(key, value) for key, value in source.items() if layout.read(key, "slot") == slot]

    def _set(self, slot: int, field: str, value: int) -> None:
        self.words.slot.store(self._slots, field, value, slot * self.words.slot.size)

    def _fill_cgroup_filter(self) -> None:
        bits, size = 0, self.words.cgroup_filter // 8
        for cgroup_id in self._ids.values():
            bits |= 1 << cgroup_id % self.words.cgroup_filter
        self._cgroup_filter[:size] = bits.to_bytes(size, "little")
