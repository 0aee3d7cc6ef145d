"""Launch options that the recorded runs prove to be bearable: a user, a root nobody writes to.

Only what one environment passed together is taken. Options that were proved in runs of their own
may fail together: what another user may not write to goes elsewhere, where nobody can write then.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from typing import NamedTuple

import msgspec

from beacon.model.environment import Changes, Environment, EnvironmentSpace, Kind
from beacon.model.hardening import Hardening
from beacon.model.launch import Launch
from beacon.model.policy import Policy, Replay
from beacon.model.run import Ending, Run

_PROPER = (Ending.SERVED, Ending.FINISHED)
_OPTIONS = frozenset({"no_new_privileges", "user", "read_only", "tmpfs"})
_WRITABLE = "{writable}"
_SHOWN = 3  # checks by name


class Measure(StrEnum):
    """What makes a launch harder to abuse, the most valuable first."""

    NON_ROOT = "a user other than root"
    NO_NEW_PRIVILEGES = "no-new-privileges"
    READ_ONLY = "a read-only root"


class _Trial(NamedTuple):
    """One environment that changes nothing but such options: its result, and why it fails."""

    environment: Environment
    hardening: Hardening | None
    measures: frozenset[Measure]
    failure: str | None


def harden(policy: Policy, runs: Iterable[Run] = ()) -> tuple[Policy, tuple[str, ...]]:
    """The policy with what is proved, and a sentence on each measure that is not.

    `runs` are the profile's: those that never became ready are not in a policy, and say why.
    """
    trials = [*_trials(policy), *_unready(policy, runs)]
    proved = [each for each in trials if each.failure is None and each.hardening is not None]
    best = max(proved, key=lambda each: _worth(policy.launch, each), default=None)
    hardening = best.hardening if best else None
    hardened = msgspec.structs.replace(policy, hardening=hardening)
    missing = [each for each in Measure if each not in measures(hardened.hardened().launch)]
    return hardened, tuple(_why_not(each, policy, trials) for each in missing)


def measures(launch: Launch) -> frozenset[Measure]:
    """Those that a launch has; a user by name may be root by another one."""
    user = (launch.user or "0").partition(":")[0]
    found = {
        Measure.NON_ROOT: user.isdecimal() and int(user) != 0,
        Measure.NO_NEW_PRIVILEGES: launch.no_new_privileges,
        Measure.READ_ONLY: launch.read_only,
    }
    return frozenset(measure for measure, there in found.items() if there)


def _worth(launch: Launch, trial: _Trial) -> tuple[int, list[bool], str]:
    """More measures first, then the more valuable ones; the name decides between equals."""
    found = measures(launch) | trial.measures
    return len(found), [each in found for each in Measure], trial.environment.id


def _trials(policy: Policy) -> Iterator[_Trial]:
    own = [each for each in policy.replays if each.image is None]
    default = [each for each in own if not each.environment.settings]
    for environment in dict.fromkeys(each.environment for each in own):
        options = _options(policy.surroundings, environment)
        if not options:
            continue
        replays = [each for each in own if each.environment == environment]
        failure = _failure(default, replays)
        names = tuple(str(each.kind) for each in replays)
        try:
            hardening = msgspec.convert({"runs": names, **options}, Hardening)
        except msgspec.ValidationError:
            yield _Trial(
                environment, None, _named(options), "its options cannot be written to every file"
            )
            continue
        added = measures(hardening.on(Launch()))
        if added - measures(policy.launch):
            yield _Trial(environment, hardening, added, failure)


def _unready(policy: Policy, runs: Iterable[Run]) -> Iterator[_Trial]:
    """The environments in which the container did not even start."""
    for run in runs:
        options = {} if run.outcome.ready else _options(policy.surroundings, run.environment)
        if options:
            failure = f"the run {run.name} {run.outcome.ending}"
            yield _Trial(run.environment, None, _named(options), failure)


def _named(options: dict[str, object]) -> frozenset[Measure]:
    """What options aim at, also those that no file holds: a user by name, a path with a space."""
    aims = {
        Measure.NON_ROOT: "user",
        Measure.NO_NEW_PRIVILEGES: "no_new_privileges",
        Measure.READ_ONLY: "read_only",
    }
    return frozenset(measure for measure, name in aims.items() if name in options)


def _options(space: EnvironmentSpace, environment: Environment) -> dict[str, object]:
    """What the environment changes; nothing if that is more than such options, or a fault."""
    found: dict[str, object] = {}
    if space.kinds(environment) - {Kind.OPTION} or space.isolated(environment):
        return {}
    for effect in space.effects(environment):
        for field in msgspec.structs.fields(Changes):
            value = getattr(effect, field.name)
            if value == field.default or (value == () and field.name != "tmpfs"):
                continue
            if field.name not in _OPTIONS:
                return {}
            if field.name == "tmpfs":
                value = (*_paths(found), *_expanded(value, space.writable))
            found[field.name] = value
    if not found.get("read_only"):
        found.pop("tmpfs", None)
    return found


def _paths(found: dict[str, object]) -> tuple[str, ...]:
    before = found.get("tmpfs", ())
    return before if isinstance(before, tuple) else ()


def _expanded(texts: Sequence[str], writable: Sequence[str]) -> Iterator[str]:
    for text in texts:
        if _WRITABLE in text:
            yield from (text.replace(_WRITABLE, path) for path in writable)
        else:
            yield text


def _failure(default: Sequence[Replay], replays: Sequence[Replay]) -> str | None:
    """Why these runs do not prove their environment; None if all passed what the default does."""
    by_workload = {each.workload: each for each in replays}
    wanted = [each for each in default if _passed(each)] or [
        each for each in default if each.workload in by_workload
    ]
    if not wanted:
        return "nothing was recorded without it"
    for each in wanted:
        found = by_workload.get(each.workload)
        if found is None:
            return f"the workload {each.workload} was not run so"
        if found.ending not in _PROPER or (found.ending, found.exit_code) != (
            each.ending,
            each.exit_code,
        ):
            return f"the run {found.kind} {found.ending}"
        if failed := sorted(_passed(each) - _passed(found)):
            return f"{found.kind} failed {_some(failed)}"
    return None


def _passed(replay: Replay) -> frozenset[str]:
    """The checks that pass, each time."""
    passed = {each.name for each in replay.checks if each.passed}
    return frozenset(passed - set(replay.unsteady))


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"{', '.join(names[:_SHOWN])}{more}"


def _why_not(measure: Measure, policy: Policy, trials: Sequence[_Trial]) -> str:
    tried = [each for each in trials if measure in each.measures]
    if proved := [each for each in tried if each.failure is None]:
        names = ", ".join(proved[0].hardening.runs) if proved[0].hardening else ""
        return f"{measure}: proved alone ({names}), not together with the rest: profile with both"
    if tried:
        return f"{measure}: not proved, for {tried[0].failure}"
    return f"{measure}: no run tried it without other changes"
