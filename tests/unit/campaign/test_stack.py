"""A stack's life with an engine that only pretends: who waits for whom, and what is blamed."""

from __future__ import annotations

import sys
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import msgspec
import pytest

from beacon.campaign import stack_run
from beacon.campaign.context import RunContext
from beacon.campaign.control import Case
from beacon.campaign.neighbours import NeighbourFailedError, alone, beside
from beacon.campaign.run import RunSpec
from beacon.campaign.stack_command import addresses, drive
from beacon.campaign.stack_run import Member, StackRun, members, run_stack
from beacon.campaign.stack_verifying import _verification
from beacon.compose.interface import ComposeError, Condition, Stack, StackService
from beacon.engines.interface import NotReadyError, Place
from beacon.model.environment import Environment
from beacon.model.intent import Intent
from beacon.model.launch import Launch, MadeNetwork
from beacon.model.observation import Observation
from beacon.model.run import Check, Ending, Outcome, Run
from beacon.model.verification import Verdict
from beacon.synthesis.synthesize import synthesize
from beacon.workloads.interface import Endpoint, WorkloadError
from builders import profile
from builders import run as one_run
from fakes import IMAGE, Diary, FakeEngine, Script

TRUE = ("true",)


def service(
    name: str, *needs: str, condition: Condition = Condition.STARTED, **fields: Any
) -> StackService:
    launch = Launch(network=MadeNetwork.STACK, network_alias=(name,), **fields)
    return StackService(
        name=name, image=f"{name}:1", launch=launch, needs=dict.fromkeys(needs, condition)
    )


def stack(*services: StackService, volumes: tuple[str, ...] = ()) -> Stack:
    return Stack(Path("compose.yaml"), {each.name: each for each in services}, volumes)


@pytest.fixture
def events(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Instead of real runs: a service is ready at once, and ends as `ENDINGS` says."""
    seen: list[str] = []

    def run_once(context: RunContext, conditions: Any, spec: Any) -> Run:
        name = conditions.launch.network_alias[0]
        ending = conditions.launch.ready_log or Ending.SERVED
        seen.append(f"start {name}")
        checks: tuple[Check, ...] = ()
        if ending == Ending.SERVED:
            checks = spec.workload.drive(
                Endpoint(container="id", address=f"10.0.0.{len(seen)}", ports=(80,)), 1.0
            )
        seen.append(f"end {name}")
        outcome = Outcome(ending=Ending(ending), checks=checks, exit_code=0)
        return Run(
            environment=Environment(),
            workload=spec.workload.name,
            outcome=outcome,
            observation=Observation(),
            started_at=0.0,
            duration=1.0,
        )

    monkeypatch.setattr(stack_run, "run_once", run_once)
    return seen


def lived(made: Stack, command: tuple[str, ...] = TRUE) -> StackRun:
    context = RunContext(engine=FakeEngine(), monitor=cast(Any, None))
    members = [Member(each, IMAGE, each.launch) for each in made.started()]
    return run_stack(context, made, members, command, cast(Any, Diary()))


def test_services_start_behind_what_they_need_and_end_before_it(events: list[str]) -> None:
    found = lived(stack(service("web", "app"), service("app", "db"), service("db")))
    assert events == ["start db", "start app", "start web", "end web", "end app", "end db"]
    assert found.failed is None
    assert {each.outcome.checks[0].passed for each in found.runs.values()} == {True}
    assert {each.workload for each in found.runs.values()} == {"command"}


def test_a_command_that_fails_fails_the_check_of_each(events: list[str]) -> None:
    found = lived(stack(service("a"), service("b")), ("false",))
    assert [each.outcome.checks[0].value for each in found.runs.values()] == ["1", "1"]


def test_what_ends_by_itself_is_waited_for(events: list[str]) -> None:
    seed = service("seed", ready_log=Ending.FINISHED)
    web = service("web", "seed", condition=Condition.COMPLETED)
    found = lived(stack(web, seed))
    assert events == ["start seed", "end seed", "start web", "end web"]
    assert found.runs["seed"].outcome.ending is Ending.FINISHED


@pytest.mark.parametrize("ending", [Ending.EXITED, Ending.TIMED_OUT, Ending.REFUSED])
def test_a_service_that_fails_ends_the_others_and_no_command_is_run(
    ending: Ending, events: list[str], tmp_path: Path
) -> None:
    web, db = service("web", "db"), service("db", ready_log=ending)
    found = lived(stack(web, db, service("other")), ("touch", str(tmp_path / "ran")))
    assert found.failed == "db"
    assert "start web" not in events
    assert {"db"} <= set(found.runs) <= {"db", "other"}
    assert not (tmp_path / "ran").exists()


def test_a_command_that_is_none_ends_it_all(events: list[str]) -> None:
    with pytest.raises(WorkloadError, match="cannot be run"):
        lived(stack(service("a")), ("/no/such/command",))


def test_a_command_finds_the_services_and_says_what_it_prints() -> None:
    endpoints = {
        "web-1": Endpoint(container="id", address="10.0.0.2", ports=(80, 443)),
        "db": Endpoint(container="id", address=None, ports=()),
    }
    assert addresses(endpoints) == {
        "BEACON_ADDRESS_WEB_1": "10.0.0.2",
        "BEACON_PORTS_WEB_1": "80,443",
        "BEACON_ADDRESS_DB": "",
        "BEACON_PORTS_DB": "",
    }
    said: list[str] = []
    program = (
        "import os, sys; print(os.environ['BEACON_ADDRESS_WEB_1']); print('\\x1b' * 5000, end='')"
    )
    check = drive((sys.executable, "-c", program), endpoints, threading.Event(), said.append)
    assert check.passed
    assert said[0] == "  | 10.0.0.2"
    assert sum(len(line) - 4 for line in said[1:]) == 5000
    assert max(map(len, said)) <= 4100


def test_a_place_names_what_was_made() -> None:
    place = Place("beacon-1", {"data": "beacon-2"})
    launch = Launch(network=MadeNetwork.STACK, volumes=("data:/data:ro", "/anonymous", "/etc:/etc"))
    found = place.launch(launch)
    assert found == Launch(
        network="beacon-1", volumes=("beacon-2:/data:ro", "/anonymous", "/etc:/etc")
    )
    assert place.launch(Launch(network="host")).network == "host"


def test_volumes_that_nobody_else_has_are_new_in_each_run() -> None:
    web = service("web", "db", volumes=("own:/own", "shared:/shared:ro", "others:/o"))
    db = service("db", volumes=("shared:/data",))
    made = stack(web, db, volumes=("own", "shared"))
    assert alone(made, "web").volumes == ("@new:/own", "shared:/shared:ro", "others:/o")
    assert alone(made, "db").volumes == ("@new:/data",)


def test_what_a_service_needs_runs_beside_it() -> None:
    made = stack(service("web", "app"), service("app", "db"), service("db"), service("other"))
    engine, diary = FakeEngine(), Diary()
    context = RunContext(engine=engine, monitor=cast(Any, None))
    with beside(context, made, "web", diary.say) as place:
        assert place is not None
        assert len(engine.alive) == 2
        assert [parent for _, parent in engine.created] == ["", ""]
    assert not engine.alive
    with beside(context, None, None, diary.say) as nothing:
        assert nothing is None


def fails(context: RunContext, made: Stack, said: str) -> None:
    """What `web` needs does not come."""
    neighbours = beside(context, made, "web", Diary().say)
    with pytest.raises(NeighbourFailedError, match=said):
        neighbours.__enter__()


def test_what_is_needed_and_fails_is_named() -> None:
    made = stack(service("web", "db"), service("db"))
    script = Script(not_ready=NotReadyError("It exited.", exited=True))
    engine = FakeEngine(script)
    context = RunContext(engine=engine, monitor=cast(Any, None))
    fails(context, made, "service db, which is needed, failed: It exited")
    assert not engine.alive


def test_what_does_its_work_first_has_to_succeed() -> None:
    web = service("web", "seed", condition=Condition.COMPLETED)
    made = stack(web, service("seed"))
    context = RunContext(engine=FakeEngine(Script(dies=True)), monitor=cast(Any, None))
    fails(context, made, "ended with code 1")
    slow = msgspec.structs.replace(made.services["seed"].launch, ready_timeout=0.0)
    made = stack(web, StackService(name="seed", image="seed:1", launch=slow))
    context = RunContext(engine=FakeEngine(), monitor=cast(Any, None))
    fails(context, made, "has not ended after 0 s")


def test_a_stack_that_starts_nothing_proves_nothing() -> None:
    optional = replace(service("web"), optional=True)
    with pytest.raises(ComposeError, match="starts no service"):
        members(RunContext(engine=FakeEngine(), monitor=cast(Any, None)), stack(optional), 1.0)


@pytest.mark.parametrize(
    ("excused", "verdict"), [(True, Verdict.ENVIRONMENT), (False, Verdict.POLICY)]
)
def test_a_command_that_failed_verifies_no_service(*, excused: bool, verdict: Verdict) -> None:
    checks = (Check("exit code", passed=True, value="0"),)
    seen = one_run(workload="command", checks=checks)
    policy = synthesize(profile(seen), Intent(), allow_incomplete=True)
    failed = (Check("exit code", passed=False, value="1"),)
    again = one_run(workload="command", checks=failed)
    spec = RunSpec(environment=Environment(), workload=cast(Any, None))
    case = Case(
        policy=policy, replay=policy.replays[0], spec=spec, enforced=[again], control=[seen]
    )
    found = _verification(case, "runc", excused=excused)
    assert (found.verdict, found.passed) == (verdict, False)
    assert [each.name for each in found.runs[0].elsewhere] == ["exit code"] * excused
