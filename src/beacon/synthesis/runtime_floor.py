"""What the container runtimes themselves need of a policy, to start the container at all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from beacon.data.runtimes import Table, find_floor
from beacon.errors import UsageError
from beacon.model.event import Event, Phase, Syscall, without_argument
from beacon.model.intent import Intent
from beacon.model.policy import Policy, RuntimeFloor
from beacon.model.run import Run
from beacon.model.text import escape_untrusted

_SHOWN = 100  # characters of a runtime's name


@dataclass(frozen=True)
class Needed:
    """For which runtimes a policy is, and what these call, each with the reason."""

    runtimes: tuple[RuntimeFloor, ...] = ()
    calls: Mapping[Syscall, str] = field(default_factory=dict)


def needed(recorded: Sequence[str], runs: Iterable[Run], intent: Intent, table: Table) -> Needed:
    """The floor of the runtimes that recorded the runs, and of those that the intent names.

    What a runtime makes for joining processes only is part of it where such were seen.
    UsageError for one that the intent names and no table has; those that recorded may be
    unknown: what they were seen to do is in the runs.
    """
    calls: dict[Syscall, str] = {}
    runtimes: dict[str, RuntimeFloor] = {}
    joined = any(use.phase is Phase.EXEC for run in runs for use in run.observation.uses())
    for name in (*recorded, *intent.runtimes):
        floor = find_floor(table, name)
        if floor is None:
            if name in intent.runtimes:
                raise UsageError(_unknown(name, table))
            runtimes[name] = RuntimeFloor(name)
            continue
        runtimes.setdefault(floor.measured, RuntimeFloor(name, floor.measured, floor.exact))
        calls = {**floor.calls, **(floor.exec if joined else {}), **calls}
    return Needed(tuple(runtimes.values()), calls)


def _unknown(name: str, table: Table) -> str:
    known = ", ".join(sorted({each.name for each in table.runtimes}))
    return (
        f"No table has the runtime '{_shown(name)}' (there are {known}): name one of these, or "
        "measure it with `beacon runtimes --measure`."
    )


def makers(policy: Policy, event: Event, table: Table) -> tuple[str, ...]:
    """Which of a policy's runtimes make a call themselves, or the same by an argument class."""
    found = []
    for each in policy.runtimes:
        floor = find_floor(table, each.measured or each.runtime)
        if floor is not None and event in {
            e for call in floor.calls for e in (call, without_argument(call))
        }:
            found.append(floor.measured)
    return tuple(found)


def runtime_notes(policy: Policy) -> Iterator[str]:
    """A sentence for each runtime whose own calls the policy may not have all of."""
    for each in policy.runtimes:
        if each.measured is None:
            yield (
                f"nobody has measured the container runtime {_shown(each.runtime)}, so the policy "
                "has only those of its own calls that the recording saw: `beacon runtimes "
                "--measure` finds the others."
            )
        elif not each.exact:
            yield (
                f"nobody has measured {_shown(each.runtime)}, so the policy has what "
                f"{each.measured} needs to start a container: `beacon runtimes --measure` adds it."
            )


def other_runtime(policy: Policy, now: str) -> str | None:
    """What to say of a runtime that did not record the policy; None for the one that did."""
    if not policy.runtimes or now == policy.runtimes[0].runtime:
        return None
    said = f"recorded under {_shown(policy.runtimes[0].runtime)}, verified under {_shown(now)}"
    name = now.partition(" ")[0]
    if name in {each.runtime.partition(" ")[0] for each in policy.runtimes}:
        return said
    return f"{said}, which this policy is not for: `beacon policy --runtime {_shown(name)}` adds it"


def other_engine(policy: Policy, now: str) -> str | None:
    """What to say of an engine, by name, that did not record the policy; None for one that did."""
    if not policy.engines or now in {each.partition(" ")[0] for each in policy.engines}:
        return None
    return f"recorded under {_shown(policy.engines[0])}, verified under {now}"


def _shown(name: str) -> str:
    return escape_untrusted(name[:_SHOWN])
