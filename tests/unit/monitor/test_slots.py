"""The slots' bookkeeping, over a program whose memory is ordinary."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any, cast

import pytest

from beacon.model.event import Abi, Phase
from beacon.monitor.interface import MonitorFullError
from beacon.monitor.libbpf import Object
from beacon.monitor.slots import Layouts, Slots

WORDS = Layouts()


_KEYED = ("targets", "successors", "comms", "caps", "held", "execs", "classes")


class Memory(bytearray):
    def close(self) -> None:
        """As mmap has it."""


class FakeMap(dict[bytes, bytes]):
    def __init__(self, size: int = 0) -> None:
        super().__init__()
        self._memory = Memory(size)

    def memory(self) -> Memory:
        return self._memory

    def insert(self, key: bytes, value: bytes) -> None:
        assert key not in self
        self[key] = value

    def delete(self, key: bytes) -> None:
        self.pop(key, None)

    def items(self) -> Iterator[tuple[bytes, bytes]]:  # type: ignore[override]
        yield from list(super().items())


class FakeProgram:
    def __init__(self) -> None:
        events = WORDS.slots * WORDS.events_of_slot * WORDS.event.size
        sizes = {
            "events": events,
            "slots": WORDS.slots * WORDS.slot.size,
            "cgroup_filter": WORDS.cgroup_filter // 8,
        }
        self.maps = {name: FakeMap(sizes.get(name, 0)) for name in (*sizes, *_KEYED)}

    def map(self, name: str) -> FakeMap:
        return self.maps[name]

    def skipped_runs(self) -> int:
        return 0


@pytest.fixture
def program() -> FakeProgram:
    return FakeProgram()


@pytest.fixture
def slots(program: FakeProgram) -> Slots:
    return Slots(cast(Object, program))


def filter_bits(program: FakeProgram) -> set[int]:
    bits = int.from_bytes(program.map("cgroup_filter").memory(), "little")
    return {bit for bit in range(WORDS.cgroup_filter) if bits >> bit & 1}


def late_count(program: FakeProgram, slot: int) -> None:
    """What a run of the kernel program does that is late for its slot's end."""
    size = WORDS.events_of_slot * WORDS.event.size
    WORDS.event.write(program.map("events").memory(), "count", 1, slot * size)
    key = WORDS.comm_key.encode(slot=slot, comm=b"late")
    program.map("comms")[key] = b"\0"
    caps: dict[str, Any] = {"slot": slot, "cap": 1}
    program.map("caps")[WORDS.cap_key.encode(**caps)] = WORDS.cap_count.encode(count=1)


def test_target_is_known_by_its_cgroup(program: FakeProgram, slots: Slots) -> None:
    slot = slots.acquire(5000)
    target = program.map("targets")[struct.pack("<Q", 5000)]
    generation = slots.counters(slot)["generation"]
    assert WORDS.target.decode(target) == {"slot": slot, "generation": generation}
    assert filter_bits(program) == {5000 % WORDS.cgroup_filter}


def test_nothing_of_a_target_stays(program: FakeProgram, slots: Slots) -> None:
    kept, slot = slots.acquire(1), slots.acquire(2 + WORDS.cgroup_filter)
    late_count(program, slot)
    slots.release(slot)
    assert list(program.map("targets")) == [struct.pack("<Q", 1)]
    assert not program.map("comms")
    assert not program.map("caps")
    assert filter_bits(program) == {1}
    assert slots.counters(kept)["generation"]
    assert not any(slots.counters(slot).values())


def test_late_counts_are_not_the_next_target_s(program: FakeProgram, slots: Slots) -> None:
    for slot in range(WORDS.slots):
        late_count(program, slot)
    taken = [slots.acquire(cgroup) for cgroup in range(1, WORDS.slots + 1)]
    assert sorted(taken) == list(range(WORDS.slots))
    for slot in taken:
        assert list(slots.events(slot)) == []
        assert slots.names(slot) == {}
        assert list(slots.checks(slot)) == []


def test_joined_container_is_followed_until_its_end(program: FakeProgram, slots: Slots) -> None:
    slot = slots.acquire(5000)
    slots.follow(slot, 77, "docker-c0ffee.scope", 4242)
    ((key, value),) = program.map("successors").items()
    assert WORDS.successor_key.read(key, "parent") == 77
    assert WORDS.successor_key.read(key, "name").rstrip(b"\0") == b"docker-c0ffee.scope"
    generation = slots.counters(slot)["generation"]
    followed = {"id": 5000, "slot": slot, "generation": generation}
    assert WORDS.successor.decode(value) == followed
    assert slots.counters(slot)["main_tgid"] == 4242
    assert slots.counters(slot)["phase"] == WORDS.phases[Phase.SERVE]
    # As the kernel program does when the container is started again.
    target = program.map("targets").pop(struct.pack("<Q", 5000))
    program.map("targets")[struct.pack("<Q", 6000)] = target
    program.map("successors")[key] = WORDS.successor.encode(**{**followed, "id": 6000})
    slots.release(slot)
    assert not program.map("successors")
    assert not program.map("targets")


def test_slot_just_given_back_is_not_the_next(slots: Slots) -> None:
    first = slots.acquire(1)
    slots.release(first)
    assert slots.acquire(2) != first


def test_generations_never_repeat(slots: Slots) -> None:
    seen = set()
    for cgroup in range(1, 200):
        slot = slots.acquire(cgroup)
        seen.add(slots.counters(slot)["generation"])
        slots.release(slot)
    assert len(seen) == 199
    assert 0 not in seen


def test_full(slots: Slots) -> None:
    taken = [slots.acquire(cgroup) for cgroup in range(WORDS.slots)]
    with pytest.raises(MonitorFullError):
        slots.acquire(5000)
    slots.release(taken[17])
    assert slots.acquire(5000) == taken[17]


def test_phases_are_the_program_s(program: FakeProgram, slots: Slots) -> None:
    slot = slots.acquire(1)
    assert slots.counters(slot)["phase"] == WORDS.phases[Phase.START]
    slots.set_phase(slot, Phase.SHUTDOWN)
    assert slots.counters(slot)["phase"] == WORDS.phases[Phase.SHUTDOWN]


@pytest.mark.parametrize("phase", list(Phase))
@pytest.mark.parametrize("abi", list(WORDS.abis))
def test_every_event_has_its_place(
    program: FakeProgram, slots: Slots, phase: Phase, abi: Abi
) -> None:
    slot = slots.acquire(1)
    place = (slot * len(WORDS.phases) + WORDS.phases[phase]) * len(WORDS.abis) + WORDS.abis[abi]
    for number in (0, WORDS.numbers - 1):
        at = (place * WORDS.numbers + number) * WORDS.event.size
        WORDS.event.write(program.map("events").memory(), "denied", 1 + number, at)
    found = [(*event[:3], event[3]["denied"]) for event in slots.events(slot)]
    assert found == [(phase, abi, 0, 1), (phase, abi, WORDS.numbers - 1, WORDS.numbers)]


def test_numbers_that_arm_keeps_for_itself_have_names() -> None:
    assert WORDS.call_name(Abi.ARM, 565) == "set_tls"
    assert WORDS.call_name(Abi.X86_64, 565) == "syscall_565"
    assert WORDS.call_name(Abi.ARM, 20) == "getpid"
