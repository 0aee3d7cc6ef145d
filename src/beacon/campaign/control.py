"""Control runs: what differs under a policy is run once more without it.

They have what `docker run` gives the launch: its own filter or Docker's default, and its
capabilities. Whatever a policy's files ask for beyond that needs consent (campaign/demands.py).
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass, field, replace

from beacon.campaign.blame import REPEATS, Blame, Key, Trial, Trials, blame, is_open, key_of
from beacon.campaign.compare import compare, exceptions, intended
from beacon.campaign.context import RunContext
from beacon.campaign.record import run_specs
from beacon.campaign.reporter import Reporter
from beacon.campaign.run import Conditions, RunSpec, run_once
from beacon.engines.interface import Enforcement
from beacon.model.policy import Policy, Replay
from beacon.model.run import Run
from beacon.model.verification import Shown

#: Recorded runs with controls, each of up to 1 + 2 * REPEATS runs. Where many runs differ, most
#: differ in the same way.
LIMIT = 12
#: At a time when both kinds are repeated: a busy host may be what makes them differ.
_REPEATED_JOBS = 2


def without_policy(conditions: Conditions, policy: Policy) -> Conditions:
    """The conditions of a run without it: the launch as recorded, nothing enforced."""
    return replace(conditions, launch=policy.launch, enforcement=Enforcement())


@dataclass(kw_only=True)
class Case:
    """One recorded run, and the runs that repeat it under the policy and without it."""

    policy: Policy
    replay: Replay
    spec: RunSpec
    enforced: list[Run]
    control: list[Run] = field(default_factory=list)

    @property
    def trials(self) -> Trials:
        """The runs as compared with the recorded one."""
        return Trials(
            tuple(map(self._trial, self.enforced)),
            tuple(map(self._trial, self.control)),
            not self.replay.environment.settings,
        )

    def keys(self) -> frozenset[Key]:
        """How the first run under the policy differs."""
        return frozenset(map(key_of, compare(self.policy, self.replay, self.enforced[0])))

    def _trial(self, run: Run) -> Trial:
        return Trial(
            run.outcome,
            compare(self.policy, self.replay, run),
            bool(intended(self.policy, self.replay, run)),
            exceptions(self.policy, self.replay, run),
        )


@dataclass(frozen=True, kw_only=True)
class Control:
    """Runs cases without the policy, and both ways again while chance may explain them."""

    context: RunContext
    conditions: Conditions
    policy: Policy
    reporter: Reporter
    jobs: int

    def settle(self, cases: Sequence[Case], planned: int) -> None:
        """Add to the cases that differ, `LIMIT` of them at most; `planned` runs are done."""
        chosen = _telling_first([case for case in cases if case.keys()])[:LIMIT]
        planned += self._run([(case, True) for case in chosen], planned, self.jobs)
        for _ in range(REPEATS):
            pairs = [(c, control) for c in chosen if is_open(c.trials) for control in (False, True)]
            planned += self._run(pairs, planned, min(self.jobs, _REPEATED_JOBS))

    def _run(self, wanted: Sequence[tuple[Case, bool]], planned: int, jobs: int) -> int:
        """Run each case under the policy, or as its control; how many that were."""
        self.reporter.planned(planned + len(wanted))
        specs = [replace(case.spec, control=control) for case, control in wanted]
        runs = run_specs(self.context, self._run_one, specs, self.reporter, jobs)
        for (case, control), run in zip(wanted, runs, strict=True):
            (case.control if control else case.enforced).append(run)
        return len(wanted)

    def _run_one(self, spec: RunSpec) -> Run:
        bare = without_policy(self.conditions, self.policy)
        return run_once(self.context, bare if spec.control else self.conditions, spec)


def blames(cases: Sequence[Case]) -> list[Blame]:
    """Who is at fault, case by case.

    Cases without a control are judged by those that have one and differ in the same way; where
    these do not agree, or there is none, it is the policy.
    """
    found = [blame(case.trials) for case in cases]
    controlled = [each for case, each in zip(cases, found, strict=True) if case.control]
    blamed = {key_of(difference) for each in controlled for difference in each.policy}
    shared = {key_of(shown.difference) for each in controlled for shown in each.control} - blamed
    chance = {key_of(shown.difference) for each in controlled for shown in each.unsteady} - blamed
    return [
        each if case.control else _by_others(each, shared, _excuses(case, chance - shared))
        for case, each in zip(cases, found, strict=True)
    ]


def _excuses(case: Case, chance: Set[Key]) -> Set[Key]:
    """What chance may explain in it: nothing beside a denial."""
    return frozenset() if any(trial.denied for trial in case.trials.enforced) else chance


def _by_others(found: Blame, shared: Set[Key], chance: Set[Key]) -> Blame:
    return Blame(
        tuple(each for each in found.policy if key_of(each) not in shared | chance),
        tuple(Shown(each, 1, 0) for each in found.policy if key_of(each) in shared),
        tuple(Shown(each, 1, 0) for each in found.policy if key_of(each) in chance),
    )


def _telling_first(cases: Sequence[Case]) -> list[Case]:
    """Those that differ in a way that none before them does, then the others."""
    seen: set[Key] = set()
    telling: list[Case] = []
    others: list[Case] = []
    for case in cases:
        (others if case.keys() <= seen else telling).append(case)
        seen |= case.keys()
    return telling + others
