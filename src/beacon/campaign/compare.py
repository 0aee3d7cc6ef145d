"""How a run under a policy differs from what was recorded."""

from __future__ import annotations

from collections.abc import Iterator

from beacon.campaign.wording import ending, last_words
from beacon.data.kernel import is_syscall
from beacon.model.environment import Kind
from beacon.model.event import Capability, Event, Phase, without_argument
from beacon.model.observation import CapabilityCheck, Holding
from beacon.model.policy import Policy, Replay
from beacon.model.run import Check, Ending, Run
from beacon.model.verification import Difference, DifferenceKind, IntendedDenial


def compare(policy: Policy, replay: Replay, run: Run) -> tuple[Difference, ...]:
    """All ways in which the enforced run differs from the recorded one.

    What any recorded run was already denied is no difference: production denies it today. Nor is
    the denial of what the intent dropped (`intended`); what it breaks shows in the checks. A
    fault strikes in another moment each time, so only its denials are compared, and whether the
    container became ready at all.
    """
    faulty = Kind.FAULT in policy.surroundings.kinds(replay.environment)
    return (
        *_endings(replay, run, faulty=faulty),
        *denied(policy, run),
        *(() if faulty else _checks(replay, run)),
        *(Difference(DifferenceKind.LOSS, x.what, str(x.count)) for x in run.observation.losses),
    )


def exceptions(policy: Policy, replay: Replay, run: Run) -> frozenset[tuple[DifferenceKind, str]]:
    """The differences, by kind and name, in which the recorded run may be the exception.

    It was the worse one; or it passed a check that the service does not support in the default
    environment.
    """
    outcome = run.outcome
    now = {check.name: check.passed for check in outcome.checks}
    default = _failed_by_default(policy, replay)
    better = {
        (DifferenceKind.CHECK, check.name)
        for check in replay.checks
        if now.get(check.name, check.passed) != check.passed
        and (not check.passed or check.name in default)
    }
    if replay.ending is outcome.ending and replay.exit_code and not outcome.exit_code:
        better.add((DifferenceKind.ENDING, "exit code"))
    if replay.ending is Ending.DIED and outcome.ending in (Ending.SERVED, Ending.FINISHED):
        better.add((DifferenceKind.ENDING, outcome.ending))
    return frozenset(better)


def _failed_by_default(policy: Policy, replay: Replay) -> frozenset[str]:
    """The checks of its workload that failed when recorded in the default environment."""
    return frozenset(
        check.name
        for each in policy.replays
        if each.workload == replay.workload and not each.environment.settings
        for check in each.checks
        if not check.passed
    )


def suspects(run: Run) -> tuple[Difference, ...]:
    """What may be the cause of a difference, and is none by itself.

    Capabilities that were refused where a program may well go on without.
    """
    return tuple(
        _refusal(each) for each in run.observation.capabilities if each.refused and _may_go_on(each)
    )


def denied(policy: Policy, run: Run) -> tuple[Difference, ...]:
    """What the filter or the kernel turned away and did not when recorded."""
    return *_denials(policy, run), *_signals(policy, run)


def intended(policy: Policy, replay: Replay, run: Run) -> tuple[IntendedDenial, ...]:
    """What was denied as the intent wants it; not what the recording was denied already."""
    dropped = policy.dropped() - {*replay.denied, *map(Capability, replay.refused)}
    found: dict[tuple[str, Phase], IntendedDenial] = {}
    for event, each in _denied_parts(run):
        if dropped & {event, without_argument(event)}:
            key = each.event, each.phase
            found[key] = found[key].joined(each) if key in found else each
    return tuple(found.values())


def _denied_parts(run: Run) -> Iterator[tuple[Event, IntendedDenial]]:
    for entry in run.observation.syscalls:
        for call, part in entry.parts():
            if part.denied:
                name, processes = str(call), part.processes
                yield (
                    call,
                    IntendedDenial(
                        event=name, phase=entry.phase, count=part.denied, processes=processes
                    ),
                )
    for check in run.observation.capabilities:
        if check.refused:
            place = check.held or check.call
            yield (
                check.capability,
                IntendedDenial(
                    event=check.capability.name,
                    phase=check.phase,
                    count=check.count,
                    processes=check.processes,
                    places=(place,) if place else (),
                ),
            )


def _endings(replay: Replay, run: Run, *, faulty: bool) -> Iterator[Difference]:
    outcome = run.outcome
    if faulty and outcome.ready:
        return
    if outcome.ending is not replay.ending:
        recorded = f"recorded: {ending(replay.workload, replay.ending)}"
        by_itself = outcome.ending is Ending.FINISHED
        detail = f"{last_words(outcome)}; {recorded}" if by_itself else outcome.detail or recorded
        yield Difference(DifferenceKind.ENDING, outcome.ending, detail)
    elif outcome.exit_code != replay.exit_code:
        detail = f"exit code {outcome.exit_code}, recorded: {replay.exit_code}"
        yield Difference(DifferenceKind.ENDING, "exit code", detail)


def _unsupported(replay: Replay, check: Check) -> bool:
    """Whether it failed again and again without the policy; if it passes now, all the better."""
    return not (replay.environment.settings or check.passed)


def _checks(replay: Replay, run: Run) -> Iterator[Difference]:
    """How the answers differ; a value that was another in each recorded run is not compared."""
    if not run.outcome.ready:
        return
    found = {check.name: check for check in run.outcome.checks}
    for check in replay.checks:
        now = found.pop(check.name, None)
        if check.name in replay.unsteady or (now and now.passed and _unsupported(replay, check)):
            continue
        if now is None:
            yield Difference(DifferenceKind.CHECK, check.name, "not answered")
        elif now.passed != check.passed:
            detail = now.detail or f"passed: {now.passed}, recorded: {check.passed}"
            yield Difference(DifferenceKind.CHECK, check.name, detail)
        elif check.value is not None and now.value != check.value:
            detail = f"answered {now.value}, recorded: {check.value}"
            yield Difference(DifferenceKind.CHECK, check.name, detail)
    # What a job leaves cannot have been recorded of what was none.
    unknown = () if run.outcome.ending is Ending.FINISHED is not replay.ending else found
    for name in unknown:
        yield Difference(DifferenceKind.CHECK, name, "not recorded")


def _denials(policy: Policy, run: Run) -> Iterator[Difference]:
    """What was denied and was not before, or was granted before and never now."""
    name = run.name
    had = _had(policy, name)
    known: set[Event] = {call for each in policy.replays for call in each.denied}
    known -= had - run.observation.events()
    known |= policy.dropped()
    for entry in run.observation.syscalls:
        for call, part in entry.parts():
            if part.denied and not known & {call, without_argument(call)} and is_syscall(call.name):
                detail = f"{part.denied} x in phase {entry.phase} by {', '.join(part.processes)}"
                yield Difference(DifferenceKind.SYSCALL, str(call), detail)
    yield from _refusals(policy, name, run)


def _had(policy: Policy, run: str) -> set[Event]:
    """The allowed events that the run of this name used when it was recorded."""
    return {e.event for e in policy.entries if e.allowed and run in e.evidence.runs}


def _signals(policy: Policy, run: Run) -> Iterator[Difference]:
    """What the filter answered with a signal, unless it did so when recorded.

    A signal ends what an error lets go on, so it counts for what the intent dropped as well.
    """
    known = {call for each in policy.replays for call in each.signalled}
    for entry in run.observation.signalled():
        if entry.call not in known:
            parts = ((entry.killed, "x killed"), (entry.trapped, "x sent SIGSYS"))
            counts = ", ".join(f"{count} {what}" for count, what in parts if count)
            detail = f"{counts} in phase {entry.phase} by {', '.join(entry.processes)}"
            yield Difference(DifferenceKind.KILLED, str(entry.call), detail)


def _may_go_on(check: CapabilityCheck) -> bool:
    # capset with all sets as they are shows no demand when recorded, and libcap tries it so.
    return check.holding is Holding.CAPSET


def _refusal(check: CapabilityCheck) -> Difference:
    place = check.held or check.call or "no call"
    detail = f"{check.count} x by {', '.join(check.processes)} in {place}"
    return Difference(DifferenceKind.CAPABILITY, check.capability.name, detail)


def _refusals(policy: Policy, name: str, run: Run) -> Iterator[Difference]:
    checks = run.observation.capabilities
    had = {each.name for each in _had(policy, name)}
    has = {check.capability.name for check in checks if check.needed}
    known = {name for each in policy.replays for name in each.refused} - (had - has)
    known |= {each.name for each in policy.dropped() if isinstance(each, Capability)}
    for check in checks:
        if check.refused and not _may_go_on(check) and check.capability.name not in known:
            yield _refusal(check)
