from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from beacon.campaign.context import RunContext
from beacon.campaign.run import Conditions
from beacon.campaign.starts import start_again
from beacon.engines.interface import Container, Enforcement, Image, Job, NotReadyError
from beacon.model.event import Phase
from beacon.model.launch import Launch
from beacon.model.listener import Listener
from beacon.model.observation import Observation
from beacon.model.policy import Policy
from beacon.model.run import Ending
from beacon.model.verification import DifferenceKind, Starts, Verification
from beacon.monitor.replay import ReplayMonitor
from beacon.synthesis.synthesize import synthesize
from builders import call, profile, run
from fakes import IMAGE, FakeEngine, Script

CONDITIONS = Conditions(image=IMAGE, launch=Launch())
GOOD = Observation(syscalls=(call("read", Phase.START),))
DENIED = Observation(
    syscalls=(
        call("read", Phase.START),
        call("chdir", Phase.RUNTIME, count=0, denied=1, process="init"),
    )
)
EXITED = NotReadyError("The container exited with code 1 before it was ready.", exited=True)


def policy(**outcome: object) -> Policy:
    return synthesize(profile(run(call("read", Phase.START), **outcome)), allow_incomplete=True)  # type: ignore[arg-type]


def starts(
    count: int, script: Script | None = None, *recordings: Observation, of: Policy | None = None
) -> Starts | None:
    context = RunContext(
        engine=FakeEngine(script or Script()), monitor=ReplayMonitor(recordings or (GOOD,) * count)
    )
    found = start_again(context, CONDITIONS, of or policy(), count, 2)
    assert isinstance(context.engine, FakeEngine)
    assert context.engine.alive == set()
    return found


def test_every_start_is_counted() -> None:
    found = starts(20)
    assert found == Starts(count=20)
    assert found.passed


@pytest.mark.parametrize(("ports", "failed"), [((), 3), ((80,), 0)])
def test_one_that_does_not_listen_where_it_did_is_bad(ports: tuple[int, ...], failed: int) -> None:
    conditions = replace(CONDITIONS, image=replace(IMAGE, ports=ports), listens=(25, 80))
    script = Script(listeners=(Listener(80),))
    context = RunContext(engine=FakeEngine(script), monitor=ReplayMonitor((GOOD,) * 20))
    found = start_again(context, conditions, policy(), 3, 1)
    assert found is not None
    assert found.failed == failed
    assert found.reasons == (("it does not listen on 25/tcp",) if failed else ())


def test_none_when_none_is_wanted() -> None:
    assert starts(0) is None


def test_one_that_fails_is_counted_with_its_reason() -> None:
    found = starts(20, Script(unstartable=(7,)), *[GOOD] * 40)
    assert found == Starts(
        count=20, failed=1, reasons=("refused: The engine refused: no.",), control=Starts(count=20)
    )
    assert not found.passed
    assert found.blames_policy


def test_starts_that_fail_without_the_policy_too_are_not_its_fault() -> None:
    found = starts(20, Script(unstartable=(7, 29)), *[GOOD] * 40)
    assert found is not None
    assert found.control is not None
    assert (found.failed, found.control.failed) == (1, 1)
    assert not found.passed
    assert not found.blames_policy


@pytest.mark.parametrize(("without", "blamed"), [(GOOD, True), (DENIED, False)])
def test_what_is_denied_without_the_policy_too_is_not_its_fault(
    without: Observation, blamed: bool
) -> None:
    found = starts(2, None, DENIED, DENIED, without, without)
    assert found is not None
    assert not found.passed
    assert found.blames_policy is blamed


def test_after_some_failures_none_is_begun() -> None:
    found = starts(20, Script(not_ready=EXITED))
    assert found is not None
    assert found.control is not None
    for each in (found, found.control):
        assert 3 <= each.count == each.failed <= 4
    assert found.reasons == ("exited: The container exited with code 1 before it was ready.",)


def test_a_denial_counts_although_the_container_starts() -> None:
    found = starts(4, None, GOOD, DENIED, GOOD, DENIED, *[GOOD] * 4)
    assert found is not None
    assert found.failed == 0
    (difference,) = found.differences
    assert (difference.kind, difference.name) == (DifferenceKind.SYSCALL, "chdir")
    assert difference.detail == "in 2 starts, first: 1 x in phase runtime by init"
    assert not found.passed


def test_what_others_do_while_they_are_killed_is_none() -> None:
    peeking = call("recvfrom", Phase.SHUTDOWN, count=0, denied=9, process="worker")
    found = starts(2, None, *[Observation(syscalls=(call("read", Phase.START), peeking))] * 4)
    assert found == Starts(count=2)


def test_no_start_ends_by_a_signal_that_a_program_could_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    signals: list[str | None] = []
    create = FakeEngine.create

    def noting(self: FakeEngine, image: Image, launch: Launch, *rest: Any, **more: Any) -> Any:
        signals.append(launch.stop_signal)
        return create(self, image, launch, *rest, **more)

    monkeypatch.setattr(FakeEngine, "create", noting)
    starts(2)
    assert signals == ["SIGKILL", "SIGKILL"]


def test_a_container_that_dies_at_once_is_no_start() -> None:
    found = starts(2, Script(dies=True), *[GOOD] * 4)
    assert found is not None
    assert found.failed == 2


def test_one_that_died_when_recorded_may_die_again() -> None:
    found = starts(2, Script(dies=True), of=policy(ending=Ending.DIED, exit_code=1))
    assert found == Starts(count=2)


@pytest.mark.parametrize("seconds", [3.0, 0.1])
def test_neither_settling_nor_grace_nor_more_than_half_a_second(seconds: float) -> None:
    seen: list[Conditions] = []
    launch = Launch(ready_after=seconds, stop_timeout=60)

    class Noting(FakeEngine):
        def create(
            self,
            image: Image,
            launch: Launch,
            enforcement: Enforcement,
            *,
            cgroup_parent: str,
            job: Job | None = None,
            publish: Sequence[str] = (),
        ) -> Container:
            seen.append(replace(CONDITIONS, launch=launch))
            return super().create(image, launch, enforcement, cgroup_parent=cgroup_parent, job=job)

    context = RunContext(engine=Noting(), monitor=ReplayMonitor((GOOD,)))
    start_again(context, replace(CONDITIONS, launch=launch), policy(), 1, 1)
    assert seen[0].launch.stop_timeout is None
    assert seen[0].readiness.stable == min(seconds, 0.5)


def test_a_verification_passes_only_with_its_starts() -> None:
    image = policy().image
    verified = Verification(image=image, runs=(), beacon="0")
    assert not verified.passed  # nothing was run
