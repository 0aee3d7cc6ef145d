"""Decisions become a policy's entries, with who used each event, when and in which runs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from beacon.model.decision import Decision
from beacon.model.event import Capability, Phase, Syscall
from beacon.model.observation import Use
from beacon.model.policy import AllowedCapability, AllowedSyscall, Dropped, Evidence
from beacon.synthesis.derive import Uses


def allowed_syscalls(decisions: Iterable[Decision], found: Uses) -> Iterator[AllowedSyscall]:
    """The entries of the calls among decisions to allow something."""
    for each in decisions:
        if isinstance(each.event, Syscall):
            uses = found.get(each.event, ())
            yield AllowedSyscall(
                each.event,
                sum(use.count for _, use in uses),
                evidence_of(uses),
                each.inferred,
                each.security,
                each.functionality,
                each.because,
                each.reserve,
            )


def allowed_capabilities(decisions: Iterable[Decision], found: Uses) -> Iterator[AllowedCapability]:
    """The entries of the capabilities among decisions to allow something."""
    for each in decisions:
        if isinstance(each.event, Capability):
            uses = found.get(each.event, ())
            yield AllowedCapability(
                each.event.name,
                sum(use.count for _, use in uses),
                calls_of_uses(uses),
                evidence_of(uses),
                each.security,
                each.functionality,
                each.because,
                held_of_uses(uses),
                each.reserve,
            )


def dropped_entry(decision: Decision, found: Uses) -> Dropped:
    """The entry of a decision to deny."""
    uses = found.get(decision.event, ())
    return Dropped(
        decision.event,
        sum(use.count for _, use in uses),
        evidence_of(uses),
        calls_of_uses(uses),
        decision.inferred,
        decision.security,
        decision.functionality,
        decision.because,
        held_of_uses(uses),
    )


def calls_of_uses(uses: Sequence[tuple[str, Use]]) -> tuple[str, ...]:
    """Those in which capabilities were asked for."""
    return tuple(sorted({use.call for _, use in uses if use.call}))


def held_of_uses(uses: Sequence[tuple[str, Use]]) -> tuple[str, ...]:
    """Those in which capabilities were needed without being asked for, in words."""
    return tuple(sorted({use.held for _, use in uses if use.held}))


def evidence_of(uses: Sequence[tuple[str, Use]]) -> Evidence:
    """Who is behind these uses."""
    phases = {use.phase for _, use in uses}
    return Evidence(
        phases=tuple(phase for phase in Phase if phase in phases),
        processes=tuple(sorted({name for _, use in uses for name in use.processes})),
        runs=tuple(dict.fromkeys(run for run, _ in uses)),
    )
