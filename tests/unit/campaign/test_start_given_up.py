"""A start that never comes to its end is given up, and is then one that the engine refused."""

from __future__ import annotations

import threading

import pytest

from beacon.campaign.context import RunContext
from beacon.campaign.run import Conditions, RunSpec, run_once
from beacon.engines.interface import RefusedError
from beacon.model.environment import Environment
from beacon.model.launch import Launch
from beacon.model.observation import Observation
from beacon.model.run import Ending
from beacon.monitor.replay import ReplayMonitor, ReplayTarget
from beacon.workloads.none import NoWorkload
from fakes import IMAGE, FakeContainer, FakeEngine


@pytest.mark.parametrize(("limit", "ending"), [(0.05, Ending.REFUSED), (60.0, Ending.SERVED)])
def test_the_runtime_is_killed_where_it_hangs_and_only_there(
    limit: float, ending: Ending, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed = threading.Event()

    def hang(_: FakeContainer) -> None:
        if limit < 1 and killed.wait(10):
            raise RefusedError("The engine refused: its runtime was killed.")

    monkeypatch.setattr("beacon.campaign.run._LONGEST_START", limit)
    monkeypatch.setattr(ReplayTarget, "kill", lambda _: killed.set())
    monkeypatch.setattr(FakeContainer, "start", hang)
    context = RunContext(engine=FakeEngine(), monitor=ReplayMonitor([Observation()]))
    conditions = Conditions(image=IMAGE, launch=Launch(), settle=0)
    run = run_once(context, conditions, RunSpec(environment=Environment(), workload=NoWorkload()))
    assert run.outcome.ending is ending
    assert killed.is_set() is (limit < 1)
