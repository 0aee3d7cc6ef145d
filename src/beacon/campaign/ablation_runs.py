"""Runs a container under its policy without some of the entries, and says what breaks."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import msgspec

from beacon.campaign.ablation_journal import Journal, Removal
from beacon.campaign.compare import compare, exceptions
from beacon.campaign.context import RunContext
from beacon.campaign.enforced import enforcement
from beacon.campaign.record import Budget
from beacon.campaign.run import Conditions, RunSpec, check_engine, run_once
from beacon.model.ablation import Breakage, BreakageKind
from beacon.model.event import Event, Syscall, sort_key
from beacon.model.policy import Policy, Replay
from beacon.model.run import Ending, Run, RunKind
from beacon.model.verification import DENIALS, Difference, DifferenceKind
from beacon.synthesis.ablated import without
from beacon.synthesis.coverage import overlap
from beacon.synthesis.privileges import GivingUp, lacking, not_given_up
from beacon.workloads.interface import Workload


@dataclass(frozen=True)
class Question:
    """A removal that is to be tried on these replays, one after the other until one breaks.

    `label` is for the reader of the progress. `round` sets questions apart that are otherwise the
    same.
    """

    label: str
    removed: frozenset[Event]
    replays: tuple[Replay, ...]
    round: int = 0

    @property
    def key(self) -> str:
        """What identifies it in a journal."""
        names = sorted(map(str, self.removed))
        runs = [each.kind for each in self.replays]
        words = msgspec.json.encode((names, runs, self.round))
        return hashlib.sha256(words).hexdigest()

    @property
    def most_runs(self) -> int:
        """How many runs it may take."""
        return 2 * len(self.replays)


@dataclass(kw_only=True)
class AblationRuns:
    """Answers questions, `jobs` at a time, as long as the budget lasts.

    `noise` names, by run, the differences that show under the whole policy, too; `given_up` is how,
    by kind of run, the container gave up privileges when it was recorded. `tell` is called for each
    answer. `made` counts the runs, also those of an earlier command.
    """

    context: RunContext
    conditions: Conditions
    policy: Policy
    find_workload: Callable[[str], Workload]
    budget: Budget
    journal: Journal
    tell: Callable[[Question, Removal], None]
    jobs: int
    given_up: Mapping[RunKind, frozenset[GivingUp]] = field(default_factory=dict)
    noise: dict[str, frozenset[Breakage]] = field(default_factory=dict)
    made: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def ask(self, questions: Sequence[Question], *, reserve: int = 0) -> list[Removal | None]:
        """The answers, in order; None where the budget, less `reserve` runs, is spent."""

        def one(question: Question) -> Removal | None:
            return self._known(question) or self._new(question, reserve)

        return self.context.in_parallel(one, questions, self.jobs)

    def _known(self, question: Question) -> Removal | None:
        found = self.journal.done(question.key)
        if found is not None:
            with self._lock:
                self.made += found.runs
        return found

    def _new(self, question: Question, reserve: int) -> Removal | None:
        if not self._take(question.most_runs, reserve):
            return None
        removal = self._tried(question)
        with self._lock:
            self.made -= question.most_runs - removal.runs
        self.journal.add(removal)
        self.tell(question, removal)
        return removal

    def _take(self, runs: int, reserve: int) -> bool:
        with self._lock:
            left = self.budget.remaining_runs(self.made + reserve)
            if (left is not None and left < runs) or (reserve and self.budget.over()):
                return False
            self.made += runs
            return True

    def _tried(self, question: Question) -> Removal:
        policy = without(self.policy, question.removed)
        denied: set[Event] = set()
        made = 0
        for replay in question.replays:
            breaks, now, runs = self._repeated(policy, question.removed, replay)
            denied |= now
            made += runs
            if breaks:
                return Removal(question.key, breaks, _ordered(denied), made)
        return Removal(question.key, (), _ordered(denied), made)

    def _repeated(
        self, policy: Policy, removed: frozenset[Event], replay: Replay
    ) -> tuple[tuple[Breakage, ...], frozenset[Event], int]:
        """What breaks, what was denied, and in how many runs: a second where it may be chance."""
        spec = RunSpec(environment=replay.environment, workload=self.find_workload(replay.workload))
        conditions = self.under(policy)
        run = run_once(self.context, conditions, spec)
        denied = _denied(removed, run)
        breaks = tuple(self._breaks(policy, replay, run, denied))
        if not breaks or not _may_be_chance(breaks, denied):
            return breaks, denied, 1
        if run.outcome.ending is Ending.REFUSED:
            check_engine(self.context, self.conditions)
        again = run_once(self.context, conditions, spec)
        then = _denied(removed, again)
        both = set(self._breaks(policy, replay, again, then))
        confirmed = tuple(each for each in breaks if each in both)
        return confirmed, denied | then, 2

    def under(self, policy: Policy) -> Conditions:
        """The conditions of a run under this policy."""
        return replace(self.conditions, enforcement=enforcement(policy))

    def _breaks(
        self, policy: Policy, replay: Replay, run: Run, denied: frozenset[Event]
    ) -> Iterable[Breakage]:
        """What differs, the weightiest first.

        What was removed and is `denied` does not count by itself, unless it gives up privileges.
        """
        excused = exceptions(policy, replay, run)
        known = self.noise.get(run.name, frozenset())
        found = [
            _breakage(each, run)
            for each in compare(policy, replay, run)
            if (each.kind, each.name) not in excused
        ]
        if run.outcome.ready:
            # Without what it asks by, a program may believe that it has none.
            gone = not_given_up(self.given_up.get(replay.kind, ()), run.observation)
            found += _kept_privileges(gone, run)
        found = [each for each in found if each not in known]
        if run.outcome.ready:
            # No noise: under the whole policy nothing is denied, it was only not tried.
            found += _kept_privileges(lacking(denied, run.observation), run)
        return dict.fromkeys(found)


def _may_be_chance(breaks: Sequence[Breakage], denied: Collection[Event]) -> bool:
    """Whether a second run has to confirm it.

    Nothing that was removed was denied; or the container became ready, and on a busy host checks
    and endings fail by themselves.
    """
    return not denied or all(each.kind is not BreakageKind.READINESS for each in breaks)


def _breakage(difference: Difference, run: Run) -> Breakage:
    if difference.kind in DENIALS:
        return Breakage(BreakageKind.DENIAL, difference.name, run.name)
    if difference.kind is DifferenceKind.CHECK:
        return Breakage(BreakageKind.CHECK, difference.name, run.name)
    if not run.outcome.ready:
        return Breakage(BreakageKind.READINESS, difference.name, run.name)
    same = difference.name == run.outcome.ending
    name = difference.name if same else difference.detail
    return Breakage(BreakageKind.ENDING, name, run.name)


def _kept_privileges(events: Iterable[Event], run: Run) -> list[Breakage]:
    return [Breakage(BreakageKind.PRIVILEGES, str(each), run.name) for each in _ordered(events)]


def _denied(removed: frozenset[Event], run: Run) -> frozenset[Event]:
    """Which of the removed events the container asked for and did not get."""
    seen = run.observation
    calls = seen.refused()
    refused = {each.capability for each in seen.capabilities if each.refused}
    return frozenset(
        event
        for event in removed
        if event in refused or (isinstance(event, Syscall) and any(_is(event, c) for c in calls))
    )


def _is(event: Syscall, denied: Syscall) -> bool:
    return event.name == denied.name and overlap(event, denied)


def _ordered(events: Iterable[Event]) -> tuple[Event, ...]:
    return tuple(sorted(events, key=sort_key))
