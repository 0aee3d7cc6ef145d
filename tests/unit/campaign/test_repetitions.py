"""The default environment is repeated beside the first environments, to see what chance shows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from beacon.campaign.context import RunContext
from beacon.campaign.journal import Journal
from beacon.campaign.record import Budget, Campaign
from beacon.campaign.run import Conditions
from beacon.exploration.estimate import Trial
from beacon.exploration.interface import Strategy
from beacon.model.consistency import check_profile
from beacon.model.environment import Changes, Dimension, Environment, EnvironmentSpace
from beacon.model.event import Phase
from beacon.model.launch import Launch
from beacon.model.observation import Observation
from beacon.model.profile import Profile
from beacon.model.run import Check
from beacon.monitor.replay import ReplayMonitor
from builders import call
from fakes import IMAGE, Diary, FakeEngine, FakeWorkload, Script

SEEN = Observation(syscalls=(call("execve", Phase.RUNTIME), call("read", Phase.START)))
NAMES = ("init", "user", "tty")
AROUND = EnvironmentSpace(
    tuple(Dimension(name=name, why="why", values={"yes": Changes(init=True)}) for name in NAMES)
)


class Twice(Strategy):
    """Proposes one environment, then two."""

    name = "twice"
    repetitions = 3

    def propose(self, trials: Sequence[Trial]) -> Sequence[Environment]:
        left = NAMES[len(trials) - 1 :]
        return [Environment.of(((name, "yes"),)) for name in left[: len(trials)]]


def explored(most: int | None = None, journal: Journal | None = None) -> Profile:
    made = RunContext(engine=FakeEngine(Script()), monitor=ReplayMonitor((SEEN,) * 8))
    conditions = Conditions(image=IMAGE, launch=Launch(), surroundings=AROUND, settle=0)
    workload = FakeWorkload(Check("page", passed=True))
    campaign = Campaign(
        context=made,
        conditions=conditions,
        workload=workload,
        reporter=Diary(),
        jobs=1,
        strategy=Twice(),
        budget=Budget(most),
        journal=journal,
    )
    return campaign.run()


def names(recorded: Profile) -> list[str]:
    return [run.name for run in recorded.runs]


DEFAULT = ["none@default", "fake@default"]
FIRST = ["fake@init=yes"]
AGAIN = ["fake@default#2", "fake@default#3", "fake@default#4"]
REST = ["fake@user=yes", "fake@tty=yes"]


def test_they_come_once_behind_the_first_environments() -> None:
    recorded = explored()
    assert names(recorded) == [*DEFAULT, *FIRST, *AGAIN, *REST]
    assert recorded.exploration is not None
    assert recorded.exploration.finished
    check_profile(recorded)


@pytest.mark.parametrize("most", range(2, 9))
def test_a_budget_counts_them(most: int) -> None:
    recorded = explored(most)
    assert names(recorded) == [*DEFAULT, *FIRST, *AGAIN, *REST][:most]
    assert recorded.exploration is not None
    assert recorded.exploration.finished == (most == 8)


def test_a_resumed_campaign_does_not_repeat_them_once_more(tmp_path: Path) -> None:
    with Journal(tmp_path, "mark", resume=False) as journal:
        explored(5, journal)
    with Journal(tmp_path, "mark", resume=True) as journal:
        assert len(journal) == 5
        assert names(explored(None, journal)) == [*DEFAULT, *FIRST, *AGAIN, *REST]
