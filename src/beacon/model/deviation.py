"""How a file of a policy's directory differs from what policy.json says."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

import msgspec

_SHOWN = 8


class DeviationKind(StrEnum):
    """Whether the file lets through what the policy does not, the reverse, or neither."""

    WIDER = "wider"
    NARROWER = "narrower"
    OTHER = "other"


class Deviation(msgspec.Struct, frozen=True):
    """One file's difference of one kind; `what` names calls, capabilities or options."""

    file: str
    kind: DeviationKind
    what: tuple[str, ...]

    def sentence(self) -> str:
        """The difference in words, without all of its names where they are many."""
        more = f" and {len(self.what) - _SHOWN} more" if len(self.what) > _SHOWN else ""
        names = ", ".join(self.what[:_SHOWN]) + more
        if self.kind is DeviationKind.WIDER:
            return f"{self.file} is wider than policy.json, it allows: {names}"
        if self.kind is DeviationKind.NARROWER:
            return f"{self.file} is narrower than policy.json, it denies: {names}"
        return f"{self.file} is not what policy.json says: {names}"


def is_wider(deviations: Iterable[Deviation]) -> bool:
    """Whether a file lets through what the policy does not."""
    return any(each.kind is DeviationKind.WIDER for each in deviations)
