from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from beacon.campaign.context import RunContext
from beacon.campaign.control import LIMIT
from beacon.campaign.run import Conditions
from beacon.campaign.verify import verify_runs
from beacon.engines.interface import Container, Enforcement, Image
from beacon.model.environment import Changes, Dimension, Environment, EnvironmentSpace
from beacon.model.event import Capability, Phase, Syscall
from beacon.model.intent import Intent
from beacon.model.launch import Launch
from beacon.model.observation import Observation
from beacon.model.policy import Policy
from beacon.model.run import Check
from beacon.model.verification import IntendedDenial, Shown, Verdict, Verification, VerifiedRun
from beacon.monitor.replay import ReplayMonitor
from beacon.synthesis.synthesize import synthesize
from beacon.workloads.interface import Endpoint
from builders import call, check, profile, run
from fakes import IMAGE, Diary, FakeEngine, FakeWorkload

PAGE, OOPS = Check("page", passed=True), Check("page", passed=False, detail="oops")
PLAIN = Observation(syscalls=(call("read"),))
ENFORCED = Enforcement("{}", ("CAP_CHOWN",))
NARROW = Launch(no_new_privileges=True)
#: The check's answer, by whether the policy is enforced and how many runs of the kind were before.
Service = Callable[[bool, int], bool]


class Answering(FakeWorkload):
    """Passes its check as the service has it."""

    def __init__(self, engine: FakeEngine, service: Service) -> None:
        super().__init__()
        self._engine, self._service = engine, service
        self._before = {True: 0, False: 0}

    def drive(self, endpoint: Endpoint, timeout: float) -> tuple[Check, ...]:
        enforced = self._engine.created[-1][0] == ENFORCED
        before = self._before[enforced]
        self._before[enforced] += 1
        return (PAGE if self._service(enforced, before) else OOPS,)


def made(policy: Policy, service: Service, *seen: Observation) -> tuple[Verification, FakeEngine]:
    """Verify it one run at a time; what is `seen` comes first, then nothing special."""
    engine = FakeEngine()
    context = RunContext(engine=engine, monitor=ReplayMonitor((*seen, *[PLAIN] * 200)))
    conditions = Conditions(
        image=IMAGE, launch=NARROW, enforcement=ENFORCED, surroundings=policy.surroundings, settle=0
    )
    workload = Answering(engine, service)
    found = verify_runs(context, conditions, policy, lambda _: workload, Diary(), jobs=1)
    assert engine.alive == set()
    return found, engine


def recorded(*extra: str, intent: Intent | None = None) -> Policy:
    calls = [call(name) for name in ("read", *extra)]
    return synthesize(profile(run(*calls, workload="fake", checks=(PAGE,))), intent)


def the_run(service: Service, *seen: Observation, policy: Policy | None = None) -> VerifiedRun:
    (only,) = made(policy or recorded(), service, *seen)[0].runs
    return only


def test_a_run_that_does_not_differ_has_no_control() -> None:
    found, engine = made(recorded(), lambda *_: True)
    assert len(engine.created) == 1
    assert found.verdict is Verdict.VERIFIED


def test_a_dependency_that_is_gone_is_not_the_policy_s_fault() -> None:
    found, engine = made(recorded(), lambda *_: False)
    (only,) = found.runs
    assert only.differences == ()
    assert [(each.enforced, each.control) for each in only.control_differences] == [(2, 2)]
    assert found.verdict is Verdict.ENVIRONMENT
    assert len(engine.created) == 4


def test_what_fails_under_the_policy_alone_is_its_fault() -> None:
    only = the_run(lambda enforced, _: not enforced)
    assert [each.name for each in only.differences] == ["page"]
    assert (only.enforced, only.control) == (4, 4)


@pytest.mark.parametrize("without", [True, False])
def test_what_passes_once_under_the_policy_holds(without: bool) -> None:
    found, _ = made(recorded(), lambda enforced, before: before > 0 or (without and not enforced))
    (only,) = found.runs
    assert found.verdict is Verdict.VERIFIED
    assert only.unsteady == (Shown(only.unsteady[0].difference, 1, int(not without)),)


def test_the_control_has_the_launch_and_nothing_enforced() -> None:
    launches: list[tuple[Enforcement, bool]] = []

    class Watched(FakeEngine):
        def create(
            self, image: Image, launch: Launch, enforcement: Enforcement, **more: Any
        ) -> Container:
            launches.append((enforcement, launch.no_new_privileges))
            return super().create(image, launch, enforcement, **more)

    engine = Watched()
    context = RunContext(engine=engine, monitor=ReplayMonitor([PLAIN] * 20))
    conditions = Conditions(image=IMAGE, launch=NARROW, enforcement=ENFORCED, settle=0)
    workload = Answering(engine, lambda *_: False)
    verify_runs(context, conditions, recorded(), lambda _: workload, Diary(), jobs=1)
    assert launches == [(ENFORCED, True), (Enforcement(), False)] * 2


def test_a_denial_stays_the_policy_s_fault_when_its_check_fails_anyway() -> None:
    denied = Observation(syscalls=(call("read"), call("write", count=0, denied=1)))
    only = the_run(lambda *_: False, denied, policy=recorded("write"))
    assert [each.name for each in only.differences] == ["write"]
    assert [each.difference.name for each in only.control_differences] == ["page"]
    assert only.control == 1


def test_what_docker_s_default_denies_too_is_not_the_policy_s_fault() -> None:
    denied = Observation(syscalls=(call("read"), call("keyctl", count=0, denied=1)))
    found, _ = made(recorded(), lambda *_: True, denied, denied)
    assert found.runs[0].differences == ()
    assert found.verdict is Verdict.ENVIRONMENT


def test_what_the_intent_dropped_and_the_container_asked_for_is_told() -> None:
    denied = Observation(
        syscalls=(call("read"), call("kill", Phase.SHUTDOWN, count=0, denied=1, process="init"))
    )
    policy = recorded("kill", intent=Intent(deny=(Syscall("kill"),)))
    found, _ = made(policy, lambda *_: True, denied)
    (only,) = found.runs
    assert only.intended == (
        IntendedDenial(event="kill", phase=Phase.SHUTDOWN, count=1, processes=("init",)),
    )
    assert only.intended[0].sentence() == "kill, 1 time in shutdown, by init"
    assert only.suffered == ()
    assert found.verdict is Verdict.VERIFIED
    hurt = the_run(lambda enforced, _: not enforced, *[denied, PLAIN] * 4, policy=policy)
    assert hurt.suffered == ("page",)
    assert hurt.intended == only.intended


def test_a_dropped_capability_is_told_as_well() -> None:
    kept = run(call("read"), capabilities=(check("CAP_CHOWN"),), workload="fake", checks=(PAGE,))
    policy = synthesize(profile(kept), Intent(deny=(Capability("CAP_CHOWN"),)))
    refused = Observation(
        syscalls=(call("read"),), capabilities=(check("CAP_CHOWN", granted=False),)
    )
    only = the_run(lambda *_: True, refused, policy=policy)
    assert only.intended == (
        IntendedDenial(
            event="CAP_CHOWN", phase=Phase.SERVE, count=1, processes=("server",), places=("bind",)
        ),
    )
    assert only.differences == ()


def varied(count: int, others: Check = PAGE, default: Check = PAGE) -> Policy:
    """A policy of a run in the default environment and of `count` others, with their checks."""
    names = [f"d{number}" for number in range(count)]
    dimensions = tuple(
        Dimension(name=name, why="why", values={"yes": Changes(init=True)}) for name in names
    )
    environments = [Environment(), *(Environment.of(((name, "yes"),)) for name in names)]
    one = run(call("read"), workload="fake", checks=(default,))
    other = run(call("read"), workload="fake", checks=(others,))
    runs = [
        msgspec.structs.replace(other if each.settings else one, environment=each)
        for each in environments
    ]
    whole = msgspec.structs.replace(profile(*runs), surroundings=EnvironmentSpace(dimensions))
    return synthesize(whole, allow_incomplete=True)


def test_the_controls_are_bounded_and_the_rest_is_judged_by_them() -> None:
    found, engine = made(varied(LIMIT + 7), lambda *_: False)
    assert found.uncontrolled == 8
    assert found.verdict is Verdict.ENVIRONMENT
    assert sum(run.control > 0 for run in found.runs) == LIMIT
    assert len(engine.created) == LIMIT + 8 + LIMIT * 3


def test_what_has_no_control_is_the_policy_s_where_the_controls_say_so() -> None:
    found, _ = made(varied(LIMIT + 7), lambda enforced, _: not enforced)
    assert found.uncontrolled == 8
    assert all(run.differences and not run.control_differences for run in found.runs)


def test_what_differs_in_another_way_has_its_control_first() -> None:
    denied = Observation(syscalls=(call("read"), call("mount", count=0, denied=1)))
    seen = [PLAIN] * (LIMIT + 7) + [denied]
    found, _ = made(varied(LIMIT + 7), lambda *_: False, *seen)
    assert found.runs[-1].control
    assert [each.name for each in found.runs[-1].differences] == ["mount"]
    assert found.verdict is Verdict.POLICY


def test_a_check_that_failed_only_when_recorded_fails_no_verification() -> None:
    found, engine = made(varied(1, OOPS), lambda *_: True)
    assert found.verdict is Verdict.VERIFIED
    assert [(each.enforced, each.control) for each in found.runs[1].unsteady] == [(1, 1)]
    assert len(engine.created) == 3
    worse, _ = made(varied(1, OOPS), lambda enforced, _: enforced)
    assert worse.verdict is Verdict.POLICY


def test_chance_in_those_with_a_control_excuses_the_same_in_others() -> None:
    found, _ = made(varied(LIMIT + 7), lambda enforced, before: not enforced or before > LIMIT + 7)
    assert found.uncontrolled == 8
    assert found.verdict is Verdict.VERIFIED
    assert all(run.unsteady for run in found.runs)


def test_a_lucky_recording_of_what_is_not_supported_fails_no_verification() -> None:
    policy = varied(1, PAGE, default=OOPS)
    found, _ = made(policy, lambda *_: False)
    assert found.verdict is Verdict.VERIFIED
    assert [(each.enforced, each.control) for each in found.runs[1].unsteady] == [(1, 1)]
