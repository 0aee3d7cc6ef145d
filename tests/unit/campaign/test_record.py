from __future__ import annotations

import math
import re
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from beacon.campaign.context import RunContext
from beacon.campaign.journal import Journal
from beacon.campaign.never import NeverReadyError, unserved, why_unserved
from beacon.campaign.recognising import Recogniser
from beacon.campaign.record import Campaign
from beacon.campaign.run import Conditions, EngineBrokenError, RunSpec, run_once
from beacon.campaign.verify import verify_runs
from beacon.engines.interface import Enforcement, NotReadyError, Readiness
from beacon.errors import ExitCode
from beacon.exploration.estimate import Trial
from beacon.exploration.interface import Strategy
from beacon.model.consistency import check_profile
from beacon.model.environment import Changes, Dimension, Environment, EnvironmentSpace
from beacon.model.event import Phase
from beacon.model.launch import Launch
from beacon.model.listener import Listener
from beacon.model.observation import Observation
from beacon.model.profile import Profile
from beacon.model.run import Check, Ending, Outcome
from beacon.monitor.interface import MonitorFullError
from beacon.monitor.replay import ReplayMonitor
from beacon.synthesis.synthesize import synthesize
from beacon.workloads.discovery import services
from beacon.workloads.interface import Endpoint, Workload
from beacon.workloads.none import NoWorkload
from builders import call
from fakes import IMAGE, Diary, FakeContainer, FakeEngine, FakeWorkload, Script

CONDITIONS = Conditions(image=IMAGE, launch=Launch(), settle=0)
ALONE = Observation(syscalls=(call("execve", Phase.RUNTIME), call("read", Phase.START)))
DRIVEN = Observation(
    syscalls=(
        call("execve", Phase.RUNTIME),
        call("read", Phase.START),
        call("sendfile"),
        call("kill", Phase.SHUTDOWN),
    )
)
PAGE = Check("page", passed=True, value="digest")
WORKLOADS: dict[str, Workload] = {"none": NoWorkload(), "fake": FakeWorkload(PAGE)}


def context(script: Script | None = None, *recordings: Observation) -> RunContext:
    return RunContext(
        engine=FakeEngine(script or Script()), monitor=ReplayMonitor(recordings or (ALONE, DRIVEN))
    )


def record(made: RunContext, workload: Workload, diary: Diary, jobs: int = 1) -> Profile:
    return Campaign(
        context=made, conditions=CONDITIONS, workload=workload, reporter=diary, jobs=jobs
    ).run()


def outcome_of(script: Script, workload: FakeWorkload | None = None) -> tuple[Outcome, RunContext]:
    made = context(script, DRIVEN)
    run = run_once(
        made, CONDITIONS, RunSpec(environment=Environment(), workload=workload or FakeWorkload())
    )
    assert isinstance(made.engine, FakeEngine)
    assert made.engine.alive == set()
    return run.outcome, made


def test_a_profile_has_a_run_alone_and_a_driven_one() -> None:
    made, diary = context(), Diary()
    profile = record(made, FakeWorkload(PAGE), diary)
    assert [run.workload for run in profile.runs] == ["none", "fake"]
    assert [run.outcome.ending for run in profile.runs] == [Ending.SERVED] * 2
    assert profile.runs[1].observation == DRIVEN
    assert diary.new_events == [2, 2]
    assert profile.gaps() == ()
    assert profile.host.monitor == "replay"


def test_without_a_workload_there_is_one_run() -> None:
    assert len(record(context(), NoWorkload(), Diary(), jobs=2).runs) == 1


def test_containers_live_below_their_target() -> None:
    _, made = outcome_of(Script())
    assert isinstance(made.engine, FakeEngine)
    assert made.engine.created[0][1].startswith("/replay/")


@pytest.mark.parametrize(
    ("script", "ending"),
    [
        (Script(refuses_create=True), Ending.REFUSED),
        (Script(refuses_start=True), Ending.REFUSED),
        (Script(not_ready=NotReadyError("It ended.", exited=True)), Ending.EXITED),
        (Script(not_ready=NotReadyError("It waits.", exited=False)), Ending.TIMED_OUT),
        (Script(dies=True), Ending.DIED),
        (Script(), Ending.SERVED),
    ],
)
def test_every_ending(script: Script, ending: Ending) -> None:
    outcome, _ = outcome_of(script)
    assert outcome.ending is ending
    assert outcome.ready == (ending in (Ending.SERVED, Ending.DIED))


def test_what_beacon_ended_says_why() -> None:
    """A liveness probe of a Pod, say; else a run that died tells nothing of its cause."""
    outcome, _ = outcome_of(Script(dies=True))
    assert outcome.detail == "It ended under the workload."
    outcome, _ = outcome_of(Script(dies=True, why_ended="Its liveness probe failed (code 1)."))
    assert (outcome.ending, outcome.detail) == (Ending.DIED, "Its liveness probe failed (code 1).")


def test_no_ready_run_is_an_error_with_the_last_words() -> None:
    script = Script(not_ready=NotReadyError("It ended.", exited=True))
    with pytest.raises(NeverReadyError, match="It ended") as failure:
        record(context(script), FakeWorkload(), Diary(), jobs=2)
    assert failure.value.exit_code is ExitCode.NOTHING_OBSERVED
    assert failure.value.diagnostics() == "last words"


class Once(Strategy):
    name = "once"

    def __init__(self, *dimensions: str) -> None:
        self._dimensions = dimensions

    def propose(self, trials: Sequence[Trial]) -> Sequence[Environment]:
        if len(trials) > 1:
            return []
        return [Environment.of(((name, "yes"),)) for name in self._dimensions]


def varied(made: RunContext, diary: Diary, journal: Journal, *names: str) -> Profile:
    """The default environment, then each dimension, all at the same time."""
    names = names or ("init",)
    dimensions = (
        Dimension(name=name, why="why", values={"yes": Changes(init=True)}) for name in names
    )
    conditions = Conditions(
        image=IMAGE, launch=Launch(), surroundings=EnvironmentSpace((*dimensions,)), settle=0
    )
    jobs, strategy = len(names), Once(*names)
    return Campaign(
        context=made,
        conditions=conditions,
        workload=NoWorkload(),
        reporter=diary,
        jobs=jobs,
        strategy=strategy,
        journal=journal,
    ).run()


@pytest.mark.parametrize("script", [Script(refused=(1, 2)), Script(refused=(1,), unstartable=(2,))])
def test_an_engine_that_starts_nothing_any_more_ends_the_campaign(
    tmp_path: Path, script: Script
) -> None:
    made = context(script, ALONE, ALONE, ALONE)
    with (
        Journal(tmp_path, "x", resume=False) as journal,
        pytest.raises(EngineBrokenError) as broken,
    ):
        varied(made, Diary(), journal)
    assert re.search(r"(never|no)\): repair it, then rerun with --resume", str(broken.value))
    assert isinstance(made.engine, FakeEngine)
    assert made.engine.alive == set()
    diary = Diary()
    with Journal(tmp_path, "x", resume=True) as journal:
        assert len(journal) == 1
        profile = varied(context(None, ALONE), diary, journal)
    assert diary.taken == (1, 2)
    assert diary.new_events == [0]
    assert [run.outcome.ending for run in profile.runs] == [Ending.SERVED] * 2


def test_several_runs_find_a_broken_engine_at_once(tmp_path: Path) -> None:
    made = context(Script(unstartable=tuple(range(1, 9))), *[ALONE] * 9)
    with Journal(tmp_path, "x", resume=False) as journal, pytest.raises(EngineBrokenError):
        varied(made, Diary(), journal, "init", "tty", "stdin", "user")
    with Journal(tmp_path, "x", resume=True) as journal:
        assert len(journal) == 1
    assert isinstance(made.engine, FakeEngine)
    assert made.engine.alive == set()


@pytest.mark.parametrize(
    ("refused", "ending", "asked"),
    [((1, 3), Ending.REFUSED, 4), ((1,), Ending.SERVED, 4), ((), Ending.SERVED, 2)],
)
def test_a_setting_is_not_applicable_when_the_engine_refuses_it_alone_and_again(
    tmp_path: Path, refused: tuple[int, ...], ending: Ending, asked: int
) -> None:
    made = context(Script(refused=refused), *[ALONE] * 4)
    with Journal(tmp_path, "x", resume=False) as journal:
        profile = varied(made, Diary(), journal)
    assert [run.outcome.ending for run in profile.runs] == [Ending.SERVED, ending]
    assert isinstance(made.engine, FakeEngine)
    assert made.engine.asked == asked
    assert made.engine.alive == set()


def test_what_ended_a_campaign_says_more_than_what_could_not_be_removed() -> None:
    made = context(Script(hangs=threading.Event(), refuses_abort=True), ALONE)
    with pytest.raises(MonitorFullError):
        record(made, FakeWorkload(), Diary(), jobs=2)


def test_an_environment_adds_its_capabilities_to_any_policy() -> None:
    added = Dimension(name="cap-add", why="why", values={"lock": Changes(cap_add=("IPC_LOCK",))})
    enforced = Enforcement("{}", ("CHOWN",))
    conditions = Conditions(
        image=IMAGE,
        launch=Launch(),
        enforcement=enforced,
        surroundings=EnvironmentSpace((added,)),
        settle=0,
    )
    made = context(Script(), ALONE, ALONE)
    for settings in ((), (("cap-add", "lock"),)):
        run_once(
            made, conditions, RunSpec(environment=Environment.of(settings), workload=NoWorkload())
        )
    assert isinstance(made.engine, FakeEngine)
    rights = [enforcement.capabilities for enforcement, _ in made.engine.created]
    assert rights == [("CAP_CHOWN",), ("CAP_CHOWN", "CAP_IPC_LOCK")]


def test_a_failure_ends_the_other_runs() -> None:
    script = Script(hangs=threading.Event())
    made = context(script, ALONE)  # the second run finds no recording
    with pytest.raises(MonitorFullError):
        record(made, FakeWorkload(), Diary(), jobs=2)
    assert isinstance(made.engine, FakeEngine)
    assert made.engine.aborted
    assert made.engine.alive == set()


def test_verification_enforces_and_compares() -> None:
    profile = record(context(), FakeWorkload(PAGE), Diary())
    policy = synthesize(profile)
    enforced = Conditions(
        image=IMAGE, launch=Launch(), enforcement=Enforcement("{}", ("CAP_CHOWN",)), settle=0
    )
    missing = Observation(syscalls=(*ALONE.syscalls, call("sendfile", count=0, denied=3)))
    for recordings, passed in (((DRIVEN,), True), ((missing, DRIVEN), False)):
        made = context(None, ALONE, *recordings)
        result = verify_runs(made, enforced, policy, WORKLOADS.__getitem__, Diary(), jobs=1)
        assert result.passed is passed
        assert isinstance(made.engine, FakeEngine)
        assert made.engine.created[0][0] == enforced.enforcement
    (difference,) = result.runs[1].differences
    assert difference.name == "sendfile"


class Moody(FakeWorkload):
    """Answers as the next of its moods has it."""

    def __init__(self, *moods: Sequence[Check]) -> None:
        super().__init__()
        self._moods = list(moods)

    def drive(self, endpoint: Endpoint, timeout: float) -> tuple[Check, ...]:
        return tuple(self._moods.pop(0))


IDLE = Check("idle", passed=False, detail="ReadTimeout")
IDLE_TOO = Check("idle too", passed=False, detail="ReadTimeout")


def test_failing_checks_are_tried_once_more_and_then_not_supported(tmp_path: Path) -> None:
    made, moods = context(None, ALONE, DRIVEN, DRIVEN), [(PAGE, IDLE)] * 2
    with Journal(tmp_path, "x", resume=False) as journal:
        profile = Campaign(
            context=made,
            conditions=CONDITIONS,
            workload=Moody(*moods),
            reporter=Diary(),
            jobs=1,
            strategy=Once(),
            journal=journal,
        ).run()
    assert [run.name for run in profile.runs] == ["none@default", "fake@default", "fake@default#2"]
    assert profile.gaps() == ()
    assert profile.support().unsupported == ("idle",)
    check_profile(profile)
    with Journal(tmp_path, "x", resume=True) as journal:
        again = Campaign(
            context=context(),
            conditions=CONDITIONS,
            workload=Moody(),
            reporter=Diary(),
            jobs=1,
            strategy=Once(),
            journal=journal,
        ).run()
    assert again.runs == profile.runs


@pytest.mark.parametrize(
    "checks",
    [(PAGE,), (IDLE,), (PAGE, Check("idle", passed=False, detail="not tried: it is gone"))],
)
def test_nothing_is_repeated_where_that_tells_nothing(checks: tuple[Check, ...]) -> None:
    assert len(record(context(), Moody(checks), Diary()).runs) == 2


def test_a_service_that_passes_nothing_is_not_explored() -> None:
    surroundings = EnvironmentSpace(
        (Dimension(name="init", why="why", values={"yes": Changes(init=True)}),)
    )
    conditions = Conditions(image=IMAGE, launch=Launch(), surroundings=surroundings, settle=0)
    campaign = Campaign(
        context=context(),
        conditions=conditions,
        workload=FakeWorkload(IDLE),
        reporter=Diary(),
        jobs=1,
        strategy=Once("init"),
    )
    profile = campaign.run()
    assert len(profile.runs) == 2
    assert profile.gaps()
    assert profile.exploration is not None
    assert not profile.exploration.finished
    run = unserved(profile.runs)
    assert run is not None
    assert run.outcome.log == "last words"
    assert "none of the 1 checks of workload fake (ReadTimeout)" in why_unserved(run)


@pytest.mark.parametrize(
    ("listeners", "said"),
    [
        ((), "listens on no TCP port"),
        ((Listener(6060, loopback=True),), "on loopback only, at port 6060"),
        ((Listener(80),), "(ReadTimeout):"),
    ],
)
def test_where_it_listens_explains_why_nobody_is_served(
    listeners: tuple[Listener, ...], said: str
) -> None:
    profile = record(context(Script(listeners=listeners)), FakeWorkload(IDLE), Diary())
    assert said in why_unserved(profile.runs[-1])


def test_a_run_keeps_what_it_heard_and_drove() -> None:
    script = Script(listeners=(Listener(80), Listener(53, "udp")), connected=frozenset({80, 9}))
    profile = record(context(script), FakeWorkload(PAGE), Diary())
    assert profile.runs[0].driven == ()
    assert profile.runs[1].driven == (Listener(80),)
    assert profile.coverage is not None
    assert profile.coverage.not_exercised == (Listener(53, "udp"),)
    policy = synthesize(profile)
    assert policy.coverage == profile.coverage
    result = verify_runs(
        context(script), CONDITIONS, policy, WORKLOADS.__getitem__, Diary(), jobs=1
    )
    assert result.coverage == profile.coverage


def test_nobody_claims_to_watch_a_container_that_is_stopping(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def stop(self: FakeContainer, grace: float) -> int:
        time.sleep(0.2)
        return 0

    monkeypatch.setattr(FakeContainer, "stop", stop)
    (run,) = record(context(Script()), NoWorkload(), Diary()).runs
    assert 0 < run.watched <= run.duration - 0.2


@pytest.mark.parametrize(
    ("listeners", "network", "found"),
    [
        ((Listener(80),), None, "http"),
        ((Listener(6379), Listener(8000)), None, "redis+http:8000"),
        ((Listener(80, loopback=True),), None, "none"),
        ((Listener(80),), "none", "none"),
        ((Listener(80),), "container:web", "none"),
    ],
)
def test_the_workload_is_chosen_by_what_listens(
    listeners: tuple[Listener, ...], network: str | None, found: str
) -> None:
    made = context(Script(listeners=listeners), ALONE, ALONE, DRIVEN)
    conditions = Conditions(image=IMAGE, launch=Launch(network=network), settle=0)
    names: list[str] = []

    def find(name: str) -> Workload:
        names.append(name)
        return NoWorkload() if name == "none" else FakeWorkload(PAGE)

    recogniser = Recogniser(context=made, conditions=conditions, find=find, services=services())
    Campaign(
        context=made,
        conditions=conditions,
        workload=None,
        reporter=Diary(),
        jobs=1,
        recogniser=recogniser,
    ).run()
    assert (names or ["none"]) == [found]


def test_an_unknown_port_is_asked_in_a_container_that_counts_for_nothing() -> None:
    made = context(Script(listeners=(Listener(4321),)), ALONE, DRIVEN)
    recogniser = Recogniser(
        context=made, conditions=CONDITIONS, find=lambda _: NoWorkload(), services=services()
    )
    profile = Campaign(
        context=made,
        conditions=CONDITIONS,
        workload=None,
        reporter=Diary(),
        jobs=1,
        recogniser=recogniser,
    ).run()
    assert isinstance(made.engine, FakeEngine)
    assert made.engine.asked == 2
    assert made.engine.alive == set()
    assert profile.events() == ALONE.events()


def _containers(made: RunContext, kind: type[FakeContainer]) -> list[FakeContainer]:
    """Those that it will create, of this kind."""
    engine, created = made.engine, list[FakeContainer]()
    assert isinstance(engine, FakeEngine)

    def create(*_: object, **__: object) -> FakeContainer:
        created.append(kind(engine, 0))
        return created[-1]

    engine.create = create  # type: ignore[method-assign]
    return created


def test_a_socket_that_the_first_run_missed_is_asked_as_well() -> None:
    made = context(None, ALONE, DRIVEN, DRIVEN)

    class Growing(FakeContainer):
        def listeners(self) -> tuple[Listener, ...]:
            late = (Listener(4322),) if len(created) > 1 else ()
            return (Listener(4321), *late)

    created = _containers(made, Growing)
    recogniser = Recogniser(
        context=made, conditions=CONDITIONS, find=lambda _: NoWorkload(), services=services()
    )
    Campaign(
        context=made,
        conditions=CONDITIONS,
        workload=None,
        reporter=Diary(),
        jobs=1,
        recogniser=recogniser,
    ).run()
    assert len(created) == 3


def test_later_runs_await_what_the_first_one_listened_on() -> None:
    waited: list[tuple[int, ...]] = []

    class Waiting(FakeContainer):
        def listeners(self) -> tuple[Listener, ...]:
            return (Listener(80), Listener(40000))

        def wait_ready(self, readiness: Readiness) -> str:
            waited.append(readiness.expected)
            return "it listens"

    made = context(None, ALONE, ALONE, DRIVEN)
    _containers(made, Waiting)

    def find(name: str) -> Workload:
        return NoWorkload() if name == "none" else FakeWorkload(PAGE)

    recogniser = Recogniser(context=made, conditions=CONDITIONS, find=find, services=services())
    Campaign(
        context=made,
        conditions=CONDITIONS,
        workload=None,
        reporter=Diary(),
        jobs=1,
        recogniser=recogniser,
    ).run()
    assert waited[0] == ()
    assert waited[1:] == [(80,), (80,)]  # the container that is asked, and the one that is driven


def test_what_is_not_supported_may_pass_and_what_is_unsteady_may_fail() -> None:
    moods = ((PAGE, IDLE, IDLE_TOO), (PAGE, IDLE, Check("idle too", passed=True)))
    policy = synthesize(record(context(None, ALONE, DRIVEN, DRIVEN), Moody(*moods), Diary()))
    for now in ((PAGE, Check("idle", passed=True), IDLE_TOO), moods[0], moods[1]):
        workloads: dict[str, Workload] = {"none": NoWorkload(), "fake": Moody(now)}
        result = verify_runs(context(), CONDITIONS, policy, workloads.__getitem__, Diary(), jobs=1)
        assert result.passed


def test_what_once_ended_by_itself_is_waited_for() -> None:
    waited: list[Readiness] = []

    class Finishing(FakeContainer):
        def wait_ready(self, readiness: Readiness) -> str:
            waited.append(readiness)
            raise NotReadyError("The container exited with code 3.", exited=True)

        def exit_code(self) -> int | None:
            return 3

    made = context(None, ALONE, ALONE)
    engine = made.engine
    assert isinstance(engine, FakeEngine)
    engine.create = lambda *_, **__: Finishing(engine, 0)  # type: ignore[method-assign]
    conditions = replace(CONDITIONS, image=replace(IMAGE, ports=()))
    profile = Campaign(
        context=made, conditions=conditions, workload=NoWorkload(), reporter=Diary(), jobs=1
    ).run()
    assert [run.outcome.ending for run in profile.runs] == [Ending.FINISHED] * 2
    assert [each.stable for each in waited] == [3.0, math.inf]
    policy = synthesize(profile)
    assert policy.ends_by_itself()
