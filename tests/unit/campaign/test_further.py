from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from beacon.campaign.context import RunContext
from beacon.campaign.further import UselessWorkloadError
from beacon.campaign.run import Conditions
from beacon.campaign.verify import verify_runs
from beacon.engines.interface import Enforcement
from beacon.errors import ExitCode, UsageError
from beacon.model.observation import Observation
from beacon.model.policy import Policy
from beacon.model.run import Check, Ending, Outcome
from beacon.model.verification import Verdict, Verification
from beacon.monitor.replay import ReplayMonitor
from beacon.synthesis.synthesize import synthesize
from beacon.workloads.interface import Endpoint, Workload
from beacon.workloads.script import ScriptWorkload
from builders import call, profile, run
from fakes import IMAGE, Diary, FakeEngine, FakeWorkload

PLAIN = Observation(syscalls=(call("read"),))
POLICY = synthesize(profile(run(call("read"), workload="none")))
ENFORCED = Enforcement("{}", ())


class Answering(FakeWorkload):
    """Its checks under the policy, and without."""

    def __init__(self, engine: FakeEngine, enforced: str, free: str) -> None:
        super().__init__()
        self.name = "further"
        self._engine, self._enforced, self._free = engine, enforced, free

    def drive(self, endpoint: Endpoint, timeout: float) -> tuple[Check, ...]:
        marks = self._enforced if self._engine.created[-1][0] == ENFORCED else self._free
        return tuple(Check(str(n), passed=mark == "+") for n, mark in enumerate(marks))


def verified(enforced: str, free: str, *seen: Observation, policy: Policy = POLICY) -> Verification:
    """With a workload whose checks pass (+) or fail (-); what is `seen` comes first."""
    engine = FakeEngine()
    return _verified(policy, engine, Answering(engine, enforced, free), seen)


def _verified(
    policy: Policy, engine: FakeEngine, workload: Workload, seen: tuple[Observation, ...] = ()
) -> Verification:
    context = RunContext(engine=engine, monitor=ReplayMonitor((*seen, *[PLAIN] * 100)))
    conditions = Conditions(
        image=IMAGE,
        launch=policy.launch,
        enforcement=ENFORCED,
        surroundings=policy.surroundings,
        settle=0,
    )
    return verify_runs(
        context, conditions, policy, lambda _: FakeWorkload(), Diary(), jobs=1, further=(workload,)
    )


def test_it_runs_beside_the_replays() -> None:
    found = verified("++-", "++-")
    assert [(each.workload, each.recorded) for each in found.runs] == [
        ("fake", True), ("further", False),
    ]  # fmt: skip
    assert found.verdict is Verdict.VERIFIED
    assert found.left_out == 0


def test_what_fails_under_the_policy_alone_is_its_fault() -> None:
    found = verified("+-", "++")
    assert [each.name for each in found.runs[1].differences] == ["1"]
    assert found.verdict is Verdict.POLICY


def test_what_it_needs_and_the_policy_denies() -> None:
    denied = Observation(syscalls=(call("read"), call("bpf", count=0, denied=1)))
    found = verified("+", "+", PLAIN, PLAIN, denied)
    assert [each.name for each in found.runs[1].differences] == ["bpf"]
    assert found.verdict is Verdict.POLICY


@pytest.mark.parametrize("free", ["-", "--"])
def test_one_that_fails_anyway_proves_nothing(free: str) -> None:
    with pytest.raises(UselessWorkloadError, match="fails without the policy") as failure:
        verified(free, free)
    assert failure.value.exit_code is ExitCode.ENVIRONMENT


def test_a_script_means_all_of_its_checks() -> None:
    script = ScriptWorkload("drive.sh", b"#!/bin/sh\nexit 1\n")
    with pytest.raises(UselessWorkloadError, match=r"\./drive.sh fails .* \(exit code: "):
        _verified(POLICY, FakeEngine(), script)


def test_a_container_that_dies_under_it() -> None:
    engine = FakeEngine()
    engine.script = replace(engine.script, dies=True)
    with pytest.raises(UselessWorkloadError, match="died"):
        _verified(POLICY, engine, Answering(engine, "+", "+"))


def test_nothing_drives_a_job() -> None:
    recorded = run(call("read"), workload="none")
    job = msgspec.structs.replace(recorded, outcome=Outcome(ending=Ending.FINISHED, exit_code=0))
    with pytest.raises(UsageError, match="leave out --workload"):
        verified("+", "+", policy=synthesize(profile(job)))
