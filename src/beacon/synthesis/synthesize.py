"""A profile and an intent become a policy."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set

from beacon import __version__
from beacon.data.cves import cves
from beacon.data.fallbacks import not_implemented
from beacon.data.kernel import is_capability, is_syscall
from beacon.data.runtimes import Table, shipped
from beacon.errors import NothingObservedError, UsageError
from beacon.model.coverage import coverage
from beacon.model.cve import Cve
from beacon.model.decision import Decision
from beacon.model.event import Capability, Event, Phase, Syscall, sort_key
from beacon.model.intent import Intent
from beacon.model.observation import Use
from beacon.model.policy import (
    AllowedCapability,
    AllowedSyscall,
    Dropped,
    Evidence,
    Policy,
    Replay,
)
from beacon.model.profile import Profile
from beacon.model.run import Check, Run
from beacon.model.support import compared, repeated, unsteady
from beacon.synthesis.current_names import with_current_names
from beacon.synthesis.decide import decide
from beacon.synthesis.intents import check_classes
from beacon.synthesis.pins import check_pins
from beacon.synthesis.reserve import reserved, summary
from beacon.synthesis.runtime_floor import needed
from beacon.synthesis.unasked import without_unasked
from beacon.synthesis.withheld import withheld

_PROBED = "every call of its ABI failed: a program only probes for it"

#: What used each event: the run's name, and how.
_Uses = Mapping[Event, Sequence[tuple[str, Use]]]


def synthesize(
    profile: Profile,
    intent: Intent | None = None,
    *,
    insist: bool = False,
    runtimes: Table | None = None,
    known: Sequence[Cve] | None = None,
) -> Policy:
    """Derive the policy; without an intent whatever was seen is allowed.

    `runtimes` are the measured container runtimes, by default those of the package alone; `known`
    are the vulnerabilities that count, by default all.
    NothingObservedError when no run that counts became ready: such a policy was never seen to
    start. UsageError for an incomplete profile unless the user insists, and for a runtime of the
    intent that nobody measured.
    """
    intent = intent or Intent()
    runs = with_current_names(_counted(profile, intent))
    groups = repeated(runs)
    uses = _uses(runs)
    check_classes(uses)
    gaps = profile.gaps()
    if gaps and not insist:
        raise UsageError(
            f"This profile is not complete ({gaps[0]}): profile again, or pass --incomplete."
        )
    floor = needed(profile.host.runtime, runs, intent, runtimes or shipped())
    known = cves() if known is None else known
    decided = decide(runs, intent, known, withheld(runs, profile, intent), floor.calls)
    filterable = [each for each in decided if _filterable(each.event)]
    seen = without_unasked(filterable, uses, intent)
    refused = frozenset(call for run in runs for call in run.observation.refused())
    reserve = reserved(seen, profile.reach, intent, profile.launch, known, refused)
    decisions = [*seen, *reserve.decisions]
    allowed = [decision for decision in decisions if decision.allowed]
    syscalls = tuple(_syscalls(allowed, uses))
    abis = tuple(sorted({each.call.abi for each in syscalls}))
    check_pins(intent, decisions)
    return Policy(
        image=profile.image,
        launch=profile.launch,
        abis=abis,
        syscalls=syscalls,
        capabilities=tuple(_capabilities(allowed, uses)),
        not_implemented=not_implemented({each.call.name for each in syscalls}, abis),
        replays=tuple(_replay(group, compared(groups, group)) for group in groups),
        gaps=gaps,
        surroundings=profile.surroundings,
        intent=intent,
        dropped=(
            *(_dropped(each, uses) for each in decisions if not each.allowed),
            *_probed(runs, {each.event for each in decisions}),
        ),
        beacon=__version__,
        script=profile.script,
        runtimes=floor.runtimes,
        coverage=coverage(runs, profile.surroundings),
        reach=summary(reserve, profile.reach, intent, frozenset(uses)),
        unseen=reserve.unseen,
    )


def _counted(profile: Profile, intent: Intent) -> list[Run]:
    ready = profile.ready_runs()
    if not ready:
        raise NothingObservedError(
            "No run of this profile became ready, so no policy would be known to start: "
            "profile the image again."
        )
    runs = [run for run in ready if not intent.ignores(run.environment)]
    if not any(intent.matters(run.environment) for run in runs):
        raise NothingObservedError(
            "No run that this intent counts became ready, so no policy would be known to start: "
            "remove entries from `ignore`."
        )
    return runs


def _filterable(event: Event) -> bool:
    """A number without a name cannot be filtered by name; no such call exists to be needed."""
    known = is_syscall if isinstance(event, Syscall) else is_capability
    return known(event.name)


def _uses(runs: Iterable[Run]) -> _Uses:
    found: dict[Event, list[tuple[str, Use]]] = defaultdict(list)
    for run in runs:
        name = run.name
        for use in run.observation.uses():
            found[use.event].append((name, use))
    return found


def _syscalls(decisions: Iterable[Decision], found: _Uses) -> Iterator[AllowedSyscall]:
    for each in decisions:
        if isinstance(each.event, Syscall):
            uses = found.get(each.event, ())
            yield AllowedSyscall(
                each.event,
                sum(use.count for _, use in uses),
                _evidence(uses),
                each.inferred,
                each.security,
                each.functionality,
                each.because,
                each.reserve,
            )


def _capabilities(decisions: Iterable[Decision], found: _Uses) -> Iterator[AllowedCapability]:
    for each in decisions:
        if isinstance(each.event, Capability):
            uses = found.get(each.event, ())
            yield AllowedCapability(
                each.event.name,
                sum(use.count for _, use in uses),
                _calls(uses),
                _evidence(uses),
                each.security,
                each.functionality,
                each.because,
                _held(uses),
                each.reserve,
            )


def _dropped(decision: Decision, found: _Uses) -> Dropped:
    uses = found.get(decision.event, ())
    return Dropped(
        decision.event,
        sum(use.count for _, use in uses),
        _evidence(uses),
        _calls(uses),
        decision.inferred,
        decision.security,
        decision.functionality,
        decision.because,
        _held(uses),
    )


def _probed(runs: Iterable[Run], decided: Set[Event]) -> Iterator[Dropped]:
    """The calls of ABIs that a program only probes: they open no ABI."""
    found: dict[Event, list[tuple[str, Use]]] = defaultdict(list)
    for run in runs:
        for use in run.observation.probes():
            if use.event not in decided and _filterable(use.event):
                found[use.event].append((run.name, use))
    for event, uses in sorted(found.items(), key=lambda item: sort_key(item[0])):
        count = sum(use.count for _, use in uses)
        yield Dropped(event, count, _evidence(uses), because=_PROBED)


def _calls(uses: Sequence[tuple[str, Use]]) -> tuple[str, ...]:
    """Those in which capabilities were asked for."""
    return tuple(sorted({use.call for _, use in uses if use.call}))


def _held(uses: Sequence[tuple[str, Use]]) -> tuple[str, ...]:
    """Those in which capabilities were needed without being asked for, in words."""
    return tuple(sorted({use.held for _, use in uses if use.held}))


def _evidence(uses: Sequence[tuple[str, Use]]) -> Evidence:
    phases = {use.phase for _, use in uses}
    return Evidence(
        phases=tuple(phase for phase in Phase if phase in phases),
        processes=tuple(sorted({name for _, use in uses for name in use.processes})),
        runs=tuple(dict.fromkeys(run for run, _ in uses)),
    )


def _replay(group: Sequence[Run], checks: tuple[Check, ...]) -> Replay:
    """One run, or several of the same kind as one."""
    seen = [run.observation for run in group]
    first = group[0].outcome
    return Replay(
        environment=group[0].environment,
        workload=group[0].workload,
        ending=first.ending,
        exit_code=first.exit_code,
        checks=checks,
        denied=tuple(sorted({call for each in seen for call in each.denied()}, key=sort_key)),
        refused=tuple(
            sorted({c.capability.name for each in seen for c in each.capabilities if c.refused})
        ),
        signalled=tuple(
            sorted({entry.call for each in seen for entry in each.signalled()}, key=sort_key)
        ),
        unsteady=unsteady(group),
    )
