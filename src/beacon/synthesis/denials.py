"""What an observation shows to be denied, and what a policy would deny of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from beacon.model.denial import Denial, DenialKind, Standing
from beacon.model.event import Capability, Event, without_argument
from beacon.model.observation import Holding, Observation
from beacon.model.policy import Policy
from beacon.synthesis.coverage import covers


@dataclass(frozen=True)
class _Part:
    event: Event
    kind: DenialKind
    count: int
    processes: tuple[str, ...]


class Judge:
    """Says what a policy, if there is one, makes of what was seen."""

    def __init__(self, policy: Policy | None) -> None:
        self._policy = policy

    def denials(self, seen: Observation) -> tuple[Denial, ...]:
        """Each event that was denied, killed for, or would be denied; all phases as one."""
        found: dict[tuple[Event, DenialKind], tuple[int, frozenset[str]]] = {}
        for part in (*_denied(seen), *self._would_be(seen)):
            if part.count:
                count, processes = found.get((part.event, part.kind), (0, frozenset()))
                found[part.event, part.kind] = (count + part.count, processes.union(part.processes))
        return tuple(
            Denial(
                event=event,
                kind=kind,
                standing=self._standing(event, kind),
                count=count,
                processes=tuple(sorted(processes)),
            )
            for (event, kind), (count, processes) in found.items()
        )

    def _would_be(self, seen: Observation) -> Iterator[_Part]:
        if self._policy is None:
            return
        for use in seen.uses():
            if not self._allows(use.event):
                yield _Part(use.event, DenialKind.WOULD_BE, use.count, use.processes)

    def _standing(self, event: Event, kind: DenialKind) -> Standing:
        if self._policy is None:
            return Standing.NO_POLICY
        if kind is not DenialKind.WOULD_BE and self._allows(event):
            return Standing.ALLOWED
        both = {event, without_argument(event)}
        if both & self._dropped or self._policy.intent.pin(event) is False:
            return Standing.INTENDED
        return Standing.RECORDED if both & self._recorded else Standing.BEYOND

    def _allows(self, event: Event) -> bool:
        if self._policy is None or event in self._allowed:
            return True
        return any(covers(each, event, self._policy.abis) for each in self._allowed)

    @cached_property
    def _allowed(self) -> frozenset[Event]:
        return self._policy.events() if self._policy else frozenset()

    @cached_property
    def _dropped(self) -> frozenset[Event]:
        return self._policy.dropped() if self._policy else frozenset()

    @cached_property
    def _recorded(self) -> frozenset[Event]:
        """What was denied in a recorded run: production denies it, and does without."""
        replays = self._policy.replays if self._policy else ()
        calls = (call for each in replays for call in (*each.denied, *each.signalled))
        names = (Capability(name) for each in replays for name in each.refused)
        return frozenset([*calls, *names])


def _denied(seen: Observation) -> Iterator[_Part]:
    for entry in seen.syscalls:
        for call, part in entry.parts():
            yield _Part(call, DenialKind.DENIED, part.denied, part.processes)
        yield _Part(entry.call, DenialKind.KILLED, entry.killed, entry.processes)
        yield _Part(entry.call, DenialKind.TRAPPED, entry.trapped, entry.processes)
    for check in seen.capabilities:
        # capset with all sets as they are shows no demand: libcap tries it so.
        if check.refused and check.holding is not Holding.CAPSET:
            yield _Part(check.capability, DenialKind.DENIED, check.count, check.processes)
