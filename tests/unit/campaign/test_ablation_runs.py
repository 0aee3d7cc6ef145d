"""What a removal breaks, with fakes for engine and kernel."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest

from beacon.campaign.ablation_journal import JOURNAL_FILE, Journal, Removal
from beacon.campaign.ablation_runs import AblationRuns, Question
from beacon.campaign.context import RunContext
from beacon.campaign.enforced import enforcement
from beacon.campaign.record import Budget
from beacon.campaign.run import Conditions
from beacon.engines.interface import NotReadyError
from beacon.errors import UsageError
from beacon.model.ablation import Breakage, BreakageKind
from beacon.model.event import Capability, Event, Phase, Syscall
from beacon.model.launch import Launch
from beacon.model.observation import Observation, SyscallCount
from beacon.model.run import Check
from beacon.monitor.replay import ReplayMonitor
from beacon.synthesis.privileges import GivingUp
from beacon.synthesis.synthesize import synthesize
from builders import call, check, profile, run
from fakes import IMAGE, FakeEngine, FakeWorkload, Script

READ, UNAME, POLL = Syscall("read"), Syscall("uname"), Syscall("poll")
PAGE = Check("page", True, "digest")
POLICY = synthesize(
    profile(
        run(
            *(call("read", Phase.START), call("uname"), call("poll")),
            capabilities=(check("CAP_CHOWN"),),
            workload="fake",
            checks=(PAGE,),
        )
    ),
    allow_incomplete=True,
)
FINE = Observation(syscalls=(call("read", Phase.START),))
DENIED = Observation(syscalls=(call("read", Phase.START), call("uname", count=0, denied=2)))
FAILED = Check("page", False, None, "no answer")


class Workload(FakeWorkload):
    """Answers a run after the other, and as the last one from then on."""

    def __init__(self, *answers: Check) -> None:
        super().__init__()
        self._answers = list(answers)

    def drive(self, *_: object) -> tuple[Check, ...]:
        return (self._answers.pop(0) if len(self._answers) > 1 else self._answers[0],)


@contextmanager
def made(
    folder: Path,
    recordings: Sequence[Observation],
    *answers: Check,
    script: Script | None = None,
    budget: Budget | None = None,
    resume: bool = False,
) -> Iterator[AblationRuns]:
    context = RunContext(engine=FakeEngine(script or Script()), monitor=ReplayMonitor(recordings))
    conditions = Conditions(
        image=IMAGE, launch=Launch(), enforcement=enforcement(POLICY), serves=True, settle=0
    )
    workload = Workload(*(answers or (PAGE,)))
    with Journal(folder, "identity", resume=resume) as journal:
        yield AblationRuns(
            context=context,
            conditions=conditions,
            policy=POLICY,
            find_workload=lambda _: workload,
            budget=budget or Budget(),
            journal=journal,
            tell=lambda *_: None,
            jobs=1,
        )


def with_calls(seen: Observation, *more: SyscallCount) -> Observation:
    return msgspec.structs.replace(seen, syscalls=(*seen.syscalls, *more))


def question(*removed: Event, number: int = 0) -> Question:
    return Question("without", frozenset(removed), POLICY.replays, number)


def ask(runs: AblationRuns, *removed: Event) -> Removal:
    (found,) = runs.ask([question(*removed)])
    assert found is not None
    return found


def test_a_denial_without_consequence_breaks_nothing(tmp_path: Path) -> None:
    with made(tmp_path, [DENIED]) as runs:
        found = ask(runs, UNAME, POLL)
    assert found == Removal(question(UNAME, POLL).key, (), (UNAME,), 1)


def test_the_container_runs_without_what_is_removed(tmp_path: Path) -> None:
    with made(tmp_path, [FINE]) as runs:
        ask(runs, UNAME, Capability("CAP_CHOWN"))
        assert isinstance(runs.context.engine, FakeEngine)
        ((found, _),) = runs.context.engine.created
    assert found.capabilities == ()
    assert '"read"' in (found.seccomp or "")
    assert '"uname"' not in (found.seccomp or "")


def test_a_check_has_to_fail_twice(tmp_path: Path) -> None:
    with made(tmp_path, [DENIED] * 2, FAILED, FAILED) as runs:
        found = ask(runs, UNAME)
    assert found.breaks == (Breakage(BreakageKind.CHECK, "page", "fake@default"),)
    assert found.runs == 2
    with made(tmp_path, [DENIED] * 2, FAILED, PAGE) as runs:
        assert ask(runs, UNAME).breaks == ()


@pytest.mark.parametrize(("seen", "times"), [(DENIED, 1), (FINE, 2)])
def test_what_does_not_become_ready_is_sure_where_a_removal_was_denied(
    tmp_path: Path, seen: Observation, times: int
) -> None:
    never = NotReadyError("It ended.", exited=True)
    start = Observation(
        syscalls=tuple(msgspec.structs.replace(each, phase=Phase.START) for each in seen.syscalls)
    )
    with made(tmp_path, [start] * 2, script=Script(not_ready=never)) as runs:
        found = ask(runs, UNAME)
    (breakage,) = found.breaks
    assert breakage.kind is BreakageKind.READINESS
    assert found.runs == times


def test_what_is_tried_in_its_place_and_denied_is_a_consequence(tmp_path: Path) -> None:
    tried = Observation(syscalls=(*DENIED.syscalls, call("pselect6", count=0, denied=1)))
    with made(tmp_path, [tried] * 2) as runs:
        found = ask(runs, UNAME)
    assert [(each.kind, each.name) for each in found.breaks] == [(BreakageKind.DENIAL, "pselect6")]


def test_privileges_that_are_not_given_up_any_more_are_a_consequence(tmp_path: Path) -> None:
    setuid = Syscall("setuid")
    (replay,) = POLICY.replays
    for seen, kept in ((DENIED, ["setuid"]), (with_calls(DENIED, call("setuid")), [])):
        (folder := tmp_path / str(len(kept))).mkdir()
        with made(folder, [seen] * 2) as runs:
            runs.given_up = {replay.kind: frozenset({GivingUp(setuid, "server")})}
            found = ask(runs, UNAME)
        assert [each.name for each in found.breaks] == kept
        assert {each.kind for each in found.breaks} <= {BreakageKind.PRIVILEGES}


def test_what_gives_up_privileges_is_missed_where_it_is_denied(tmp_path: Path) -> None:
    refused = check("CAP_SETUID", granted=False)
    for name, seen in (
        ("call", with_calls(DENIED, call("setuid", count=0, denied=1))),
        ("capability", msgspec.structs.replace(FINE, capabilities=(refused,))),
    ):
        (tmp_path / name).mkdir()
        with made(tmp_path / name, [seen] * 2) as runs:
            found = ask(runs, Syscall("setuid"), Capability("CAP_SETUID"))
        assert BreakageKind.PRIVILEGES in {each.kind for each in found.breaks}


def test_what_differs_under_the_whole_policy_is_noise(tmp_path: Path) -> None:
    with made(tmp_path, [DENIED], FAILED) as runs:
        runs.noise["fake@default"] = frozenset(
            {Breakage(BreakageKind.CHECK, "page", "fake@default")}
        )
        assert ask(runs, UNAME).breaks == ()


def test_a_denial_of_what_gives_up_privileges_is_never_noise(tmp_path: Path) -> None:
    seen = with_calls(FINE, call("setuid", count=0, denied=1))
    found = Breakage(BreakageKind.PRIVILEGES, "setuid", "fake@default")
    with made(tmp_path, [seen] * 2) as runs:
        runs.noise["fake@default"] = frozenset({found})
        assert found in ask(runs, Syscall("setuid")).breaks


def test_answers_are_taken_from_the_journal(tmp_path: Path) -> None:
    with made(tmp_path, [DENIED]) as runs:
        first = ask(runs, UNAME)
    with made(tmp_path, [], resume=True) as runs:
        assert len(runs.journal) == 1
        assert ask(runs, UNAME) == first
        assert runs.made == 1
    lines = (tmp_path / JOURNAL_FILE).read_bytes().splitlines(keepends=True)
    assert len(lines) == 2
    with (
        pytest.raises(UsageError, match="another campaign"),
        Journal(tmp_path, "other", resume=True),
    ):
        pass


def test_a_budget_of_runs_is_never_exceeded(tmp_path: Path) -> None:
    with made(tmp_path, [DENIED] * 9, budget=Budget(5)) as runs:
        found = runs.ask([question(UNAME, number=number) for number in range(9)])
        assert runs.made <= 5
    assert found[0] is not None
    assert found[-1] is None


def test_once_its_time_is_over_only_what_needs_no_reserve_is_asked(tmp_path: Path) -> None:
    with made(tmp_path, [DENIED] * 2, budget=Budget(seconds=0)) as runs:
        assert runs.ask([question(UNAME)], reserve=2) == [None]
        assert runs.ask([question(UNAME)]) != [None]
