"""The plainest synthesis: a policy allows whatever a ready container was seen to use."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from beacon import __version__
from beacon.data.fallbacks import ENOSYS_FALLBACK, IMPLIED
from beacon.data.kernel import is_capability, is_syscall
from beacon.errors import NothingObservedError, UsageError
from beacon.model.event import Phase, Syscall
from beacon.model.observation import CapabilityCheck, SyscallCount
from beacon.model.policy import AllowedCapability, AllowedSyscall, Evidence, Policy, Replay
from beacon.model.profile import Profile
from beacon.model.run import Run


def synthesize(profile: Profile, *, insist: bool = False) -> Policy:
    """Derive the policy.

    NothingObservedError when no run became ready: such a policy was never seen to start.
    UsageError for an incomplete profile unless the user insists.
    """
    runs = profile.ready_runs()
    if not runs:
        raise NothingObservedError(
            "No run of this profile became ready, so no policy would be known to start: "
            "profile the image again."
        )
    gaps = profile.gaps()
    if gaps and not insist:
        raise UsageError(
            f"This profile is not complete ({gaps[0]}): profile again, or insist with --incomplete."
        )
    syscalls = tuple(_syscalls(runs))
    return Policy(
        image=profile.image,
        launch=profile.launch,
        abis=tuple(sorted({allowed.call.abi for allowed in syscalls})),
        syscalls=syscalls,
        capabilities=tuple(_capabilities(runs)),
        not_implemented=_not_implemented(allowed.call.name for allowed in syscalls),
        replays=tuple(_replay(run) for run in runs),
        gaps=gaps,
        surroundings=profile.surroundings,
        beacon=__version__,
    )


def _syscalls(runs: Iterable[Run]) -> Iterator[AllowedSyscall]:
    seen: dict[Syscall, list[tuple[Run, SyscallCount]]] = defaultdict(list)
    for run in runs:
        for entry in run.observation.syscalls:
            # A number without a name cannot be filtered by name; no such call exists to be needed.
            if entry.count and is_syscall(entry.call.name):
                seen[entry.call].append((run, entry))
    for call, entries in sorted(seen.items()):
        count = sum(entry.count for _, entry in entries)
        yield AllowedSyscall(call, count, _evidence(entries))
    yield from _implied(frozenset(seen))


def _implied(seen: frozenset[Syscall]) -> Iterator[AllowedSyscall]:
    for name, (causes, reason) in IMPLIED.items():
        for abi in sorted({call.abi for call in seen if call.name in causes}):
            if Syscall(name, abi) not in seen:
                yield AllowedSyscall(Syscall(name, abi), 0, Evidence((), (), ()), reason)


def _capabilities(runs: Iterable[Run]) -> Iterator[AllowedCapability]:
    seen: dict[str, list[tuple[Run, CapabilityCheck]]] = defaultdict(list)
    for run in runs:
        for check in run.observation.capabilities:
            if check.needed and is_capability(check.capability.name):
                seen[check.capability.name].append((run, check))
    for name, entries in sorted(seen.items()):
        calls = tuple(sorted({check.call for _, check in entries if check.call}))
        count = sum(check.count for _, check in entries)
        yield AllowedCapability(name, count, calls, _evidence(entries))


def _evidence(pairs: Sequence[tuple[Run, SyscallCount | CapabilityCheck]]) -> Evidence:
    return Evidence(
        phases=tuple(phase for phase in Phase if any(entry.phase is phase for _, entry in pairs)),
        processes=tuple(sorted({name for _, entry in pairs for name in entry.processes})),
        runs=tuple(sorted({run.name for run, _ in pairs})),
    )


def _not_implemented(allowed: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(ENOSYS_FALLBACK).difference(allowed)))


def _replay(run: Run) -> Replay:
    return Replay(
        environment=run.environment,
        workload=run.workload,
        ending=run.outcome.ending,
        exit_code=run.outcome.exit_code,
        checks=run.outcome.checks,
        denied=tuple(sorted(run.observation.denied())),
        refused=tuple(
            sorted({c.capability.name for c in run.observation.capabilities if c.refused})
        ),
    )
