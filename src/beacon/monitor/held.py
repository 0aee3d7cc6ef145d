"""Which capabilities a process needs to hold, though the kernel never asked for them.

The kernel program keeps the sets that were demanded and those that were there; here is what they
mean (security/commoncap.c of Linux 6.1 and 6.18):

- capset(2) fails unless the permitted set that it asks for is part of the present one, the
  effective set part of the new permitted one, and what it adds to the inheritable set part of the
  permitted and bounding sets. A process that read its sets before and installs all of them again,
  or all but a few, would as well have installed fewer. One that never read them, or keeps or
  raises at most half of them, means those by name.
- PR_CAP_AMBIENT_RAISE fails unless the capability is permitted and inheritable.
- writing root's id into the uid_map of a user namespace that the process is in fails unless whoever
  made the namespace had CAP_SETFCAP effective (kernel/user_namespace.c, verify_root_map).
- execve of a file that carries effective capabilities fails unless the bounding set has them all.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from beacon.data.kernel import capability_name
from beacon.model.observation import Holding

_SETPCAP, _SETFCAP = 8, 31  # include/uapi/linux/capability.h


@dataclass(frozen=True)
class Sets:
    """Capability sets as bit masks: bit n is the capability with number n."""

    permitted: int
    effective: int = 0
    inheritable: int = 0


@dataclass(frozen=True)
class Demand:
    """Capabilities, as bit masks, that a process got by demanding them, or did not get."""

    granted: int = 0
    refused: int = 0

    def checks(self) -> Iterator[tuple[str, bool]]:
        """Each capability's name, and whether it was granted."""
        for mask, granted in ((self.granted, True), (self.refused, False)):
            for number in bits(mask):
                yield capability_name(number), granted


def bits(mask: int) -> list[int]:
    """The numbers of the bits that are set."""
    return [number for number in range(mask.bit_length()) if mask >> number & 1]


def installed(wanted: Sets, had: Sets, *, informed: bool, granted: bool) -> Demand:
    """What a capset(2) demanded. `informed`: the process read its sets since its execve."""
    grows = bool(wanted.inheritable & ~(had.inheritable | had.permitted))
    setpcap = 1 << _SETPCAP if grows else 0
    if not granted:
        added = wanted.inheritable & ~had.inheritable
        lacking = (wanted.permitted | wanted.effective | added) & ~had.permitted
        return Demand(refused=lacking | setpcap & ~had.effective)
    named = setpcap
    for demanded in (
        wanted.permitted,
        wanted.effective & ~had.effective,
        wanted.inheritable & ~had.inheritable,
    ):
        count = demanded.bit_count()
        if not informed or count == 1 or 2 * count <= had.permitted.bit_count():
            named |= demanded
    return Demand(granted=named)


def raised(capability: int, permitted: int, *, granted: bool) -> Demand:
    """What a PR_CAP_AMBIENT_RAISE of one capability (a mask) demanded."""
    return Demand(granted=capability) if granted else Demand(refused=capability & ~permitted)


def everything(raises: Iterable[int], permitted: int) -> bool:
    """Whether these ambient capabilities are all, of several, that the process was given."""
    union = 0
    for capability in raises:
        union |= capability
    return permitted.bit_count() > 1 and union == permitted


def executed(carried: int, bounding: int) -> Demand:
    """What the execve of a file demanded that carries these capabilities, all effective."""
    return Demand(granted=carried & bounding, refused=carried & ~bounding)


def mapped_root(*, granted: bool) -> Demand:
    """What writing root's id into one's own uid_map demanded."""
    setfcap = 1 << _SETFCAP
    return Demand(granted=setfcap) if granted else Demand(refused=setfcap)


def demand(key: Mapping[str, Any], holding: Holding, keys: Iterable[Mapping[str, Any]]) -> Demand:
    """What one `struct held_key` demands; `keys` are all of its container."""
    had = Sets(key["had_permitted"], key["had_effective"], key["had_inheritable"])
    informed, granted = bool(key["informed"]), bool(key["granted"])
    if holding is Holding.CAPSET:
        wanted = Sets(key["permitted"], key["effective"], key["inheritable"])
        return installed(wanted, had, informed=informed, granted=granted)
    alike = ("holding", "had_permitted", "phase", "not_own_cred", "granted")
    raises = (each["permitted"] for each in keys if all(each[name] == key[name] for name in alike))
    if granted and informed and everything(raises, had.permitted):
        return Demand()
    return raised(key["permitted"], had.permitted, granted=granted)


def path_of(key: Mapping[str, Any], size: int) -> str:
    """The path in a `struct exec_key`, whose components take `size` bytes each."""
    raw: bytes = key["path"]
    if key["failed"]:
        return _text(raw)
    parts = [_text(raw[start : start + size]) for start in range(0, len(raw), size)]
    return "/" + "/".join(reversed([part for part in parts if part]))


def _text(raw: bytes) -> str:
    return raw.partition(b"\0")[0].decode("utf-8", "surrogateescape")
