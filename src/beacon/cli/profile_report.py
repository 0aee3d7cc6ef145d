"""A profile's result: what each part of the campaign added, and what is still unseen."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator

from beacon.campaign.wording import ending, last_words
from beacon.cli.console import Console
from beacon.cli.documents import ProfileSummary, RunSummary
from beacon.cli.recalled import told_estimates, told_recall
from beacon.cli.unseen import within_reach
from beacon.exploration.growth import growth
from beacon.model.coverage import coverage
from beacon.model.environment import Environment
from beacon.model.event import Syscall, sort_key
from beacon.model.observation import SyscallCount
from beacon.model.profile import Profile
from beacon.model.run import Ending, Run
from beacon.model.support import lacking, repeated, some, uncompared


def tell(console: Console, profile: Profile) -> None:
    """The runs in the default environment, the growth, each new event, the estimate."""
    default = [run for run in profile.runs if run.environment == Environment()]
    console.table(None, ["run", "ending", "calls", "capabilities"], [_row(run) for run in default])
    for line in _signalled(profile.runs):
        console.result(line)
    if len(profile.runs) != len(default):
        _tell_growth(console, profile)
    if said := profile.support().sentence():
        console.result(said)
    if names := uncompared(repeated(profile.runs)):
        console.result(f"not compared, as two runs differ or it is too much: {some(names)}")
    if profile.recognition and (said := profile.recognition.sentence()):
        console.result(said)
    if said := lacking(default[-1].outcome.checks):
        console.result(f"{said}: give `-e` what the service's page names")
    console.result(coverage(profile.runs, profile.surroundings).sentence())
    for line in within_reach(profile):
        console.result(line)


def _tell_growth(console: Console, profile: Profile) -> None:
    grown = growth(profile)
    console.result()
    parts = [("baseline", grown.baseline), ("+ options", grown.options)]
    parts += [("+ workload", grown.workload), ("+ life-cycle and faults", grown.life)]
    rows = [[name, str(count)] for name, count in (*parts, ("total", grown.total))]
    console.table(None, ["events", "count"], rows)
    if grown.newcomers:
        console.result()
        news = [[str(new.event), new.run] for new in grown.newcomers]
        console.table(None, ["new event", "first seen in"], news)
    console.result()
    for line in _closing(profile):
        console.result(line)


def job_hint(profile: Profile) -> str | None:
    """What to say of a container that may be a longer job, or none but a service that failed."""
    default = [run for run in profile.runs if not run.environment.settings]
    first = default[0].outcome
    if first.ending is Ending.FINISHED and first.exit_code and not profile.launch.job:
        return (
            f"it ended by itself ({last_words(first)}), which is taken for its work; if it was to "
            "go on, give it what it needs"
        )
    waits = any(run.listeners or run.outcome.ending is not Ending.SERVED for run in default)
    if waits or profile.launch.ready_log is not None:
        return None
    watched = max(run.watched for run in default)
    if profile.recognition and profile.recognition.services:
        name = profile.recognition.services[0].name
        return (
            f"it is recognised as {name}, and listens on nothing after {watched:.0f} s: give it "
            "what it needs, or name another service (--service NAME, or none)"
        )
    return (
        f"it listens on nothing, and was stopped after {watched:.0f} s; if it would have ended by "
        "itself, it is a job: repeat this with --job"
    )


def summary(profile: Profile) -> ProfileSummary:
    """The same as a document."""
    return ProfileSummary(
        image=profile.image,
        host=profile.host,
        complete=not profile.gaps(),
        gaps=profile.gaps(),
        coverage=coverage(profile.runs, profile.surroundings),
        support=profile.support(),
        recognition=profile.recognition,
        reach=profile.reach,
        exploration=profile.exploration,
        recall=profile.recall,
        growth=growth(profile),
        runs=tuple(map(_plain, profile.runs)),
    )


def _closing(profile: Profile) -> Iterator[str]:
    endings = Counter(str(run.outcome.ending) for run in profile.runs)
    yield f"{len(profile.runs)} runs: " + ", ".join(f"{n} {e}" for e, n in endings.most_common())
    exploration = profile.exploration
    if exploration is not None:
        yield from told_estimates(exploration)
    yield from told_recall(profile.recall)
    if exploration is not None and not exploration.finished:
        yield "The budget ended the exploration: a larger one may show more."


def _signalled(runs: Iterable[Run]) -> Iterator[str]:
    """One line for each call for which a filter killed or trapped its callers."""
    found: dict[Syscall, list[tuple[str, SyscallCount]]] = defaultdict(list)
    for run in runs:
        for entry in run.observation.signalled():
            found[entry.call].append((run.name, entry))
    for call, entries in sorted(found.items(), key=lambda item: sort_key(item[0])):
        killed = sum(entry.killed for _, entry in entries)
        trapped = sum(entry.trapped for _, entry in entries)
        processes = sorted({name for _, entry in entries for name in entry.processes})
        yield (
            f"A filter killed {killed} and sent SIGSYS to {trapped} callers of {call} "
            f"({', '.join(processes)}; first in {entries[0][0]})."
        )


def _row(run: Run) -> list[str]:
    needed = _capabilities(run)
    calls = str(len(run.observation.used()))
    how = ending(run.workload, run.outcome.ending)
    return [run.name, how, calls, ", ".join(needed) or "none"]


def _plain(run: Run) -> RunSummary:
    return RunSummary(
        workload=run.workload,
        environment=run.environment.name,
        repeat=run.repeat,
        ending=run.outcome.ending,
        detail=run.outcome.detail,
        checks=run.outcome.checks,
        syscalls=len(run.observation.used()),
        denied=tuple(str(call) for call in sorted(run.observation.denied(), key=sort_key)),
        killed=sum(entry.killed for entry in run.observation.signalled()),
        trapped=sum(entry.trapped for entry in run.observation.signalled()),
        capabilities=tuple(_capabilities(run)),
        listeners=run.listeners,
        driven=run.driven,
        duration=round(run.duration, 2),
    )


def _capabilities(run: Run) -> list[str]:
    return sorted({c.capability.name for c in run.observation.capabilities if c.needed})
