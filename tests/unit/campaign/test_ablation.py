"""The order of questions, with answers by a rule in place of containers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from beacon.campaign.ablation import BY_CHANCE, NOT_REACHED, SOMETIMES, Ablator
from beacon.campaign.ablation_journal import Removal
from beacon.campaign.ablation_runs import Question
from beacon.errors import BeaconError
from beacon.model.ablation import AblatedEntry, Breakage, BreakageKind, Necessity
from beacon.model.environment import Environment
from beacon.model.event import Event, Syscall
from beacon.model.policy import Policy, Replay
from beacon.model.run import Ending
from beacon.synthesis.ablated import Unit
from beacon.synthesis.synthesize import synthesize
from builders import call, profile, run

CALLS = ("read", "write", "poll", "select", "sendfile", "uname", "umask", "capset")
READ, WRITE, POLL, SELECT, SENDFILE, UNAME, UMASK, CAPSET = map(Syscall, CALLS)
DEFAULT = Replay(
    environment=Environment(),
    workload="http",
    ending=Ending.SERVED,
    exit_code=0,
    checks=(),
    denied=(),
    refused=(),
)
ALONE = Replay(
    environment=Environment(),
    workload="none",
    ending=Ending.SERVED,
    exit_code=0,
    checks=(),
    denied=(),
    refused=(),
)
OTHER = Replay(
    environment=Environment.of((("init", "yes"),)),
    workload="http",
    ending=Ending.SERVED,
    exit_code=0,
    checks=(),
    denied=(),
    refused=(),
)

#: What breaks by a removal in a replay, as a name.
Rule = Callable[[frozenset[Event], Replay], str | None]


class Answers:
    """In the place of AblationRuns: a rule says what breaks, and all that was removed is denied."""

    jobs = 2

    def __init__(self, rule: Rule, budget: int = 10**9) -> None:
        self.rule, self.left = rule, budget
        self.noise: dict[str, frozenset[Breakage]] = {}
        self.asked: list[Question] = []
        self.policy: Policy = synthesize(profile(run(call("read"))), allow_incomplete=True)
        self.context = None

    def ask(self, questions: Sequence[Question], *, reserve: int = 0) -> list[Removal | None]:
        return [self._answer(each, reserve) for each in questions]

    def _answer(self, question: Question, reserve: int) -> Removal | None:
        if reserve and self.left <= 0:
            return None
        self.left -= 1
        self.asked.append(question)
        for replay in question.replays:
            if (name := self.rule(question.removed, replay)) is not None:
                kind = BreakageKind.READINESS if name == "exited" else BreakageKind.CHECK
                breaks = (Breakage(kind, name, "http@default"),)
                return Removal(question.key, breaks, tuple(question.removed), 1)
        return Removal(question.key, (), tuple(question.removed), 1)

    def under(self, policy: Policy) -> None:
        return None


def ablated(
    rule: Rule, replays: Sequence[Replay] = (ALONE, DEFAULT), *, budget: int = 10**9
) -> dict[Event, AblatedEntry]:
    answers: Any = Answers(rule, budget)
    units = [frozenset({Syscall(name)}) for name in CALLS]
    protected: dict[Unit, str] = {frozenset({CAPSET}): BY_CHANCE}
    ablator = Ablator(runs=answers, units=units, protected=protected, replays=replays, starts=0)
    ablator.run()
    found = {each.event: each for each in ablator.entries()}
    assert frozenset(found) == frozenset(map(Syscall, CALLS))
    return found


def necessities(found: dict[Event, AblatedEntry], necessity: Necessity) -> set[Event]:
    return {event for event, each in found.items() if each.necessity is necessity}


def test_each_entry_that_stays_has_a_proof_and_the_rest_goes() -> None:
    def rule(removed: frozenset[Event], _: Replay) -> str | None:
        if removed & {READ, CAPSET}:
            return "exited"
        return "page" if SENDFILE in removed else None

    found = ablated(rule)
    assert necessities(found, Necessity.NEEDED) == {READ, CAPSET, SENDFILE}
    assert necessities(found, Necessity.UNNEEDED) == {WRITE, POLL, SELECT, UNAME, UMASK}
    assert found[READ].sentence() == "without it the container does not become ready (exited)"
    assert found[SENDFILE].sentence() == "without it check page fails"
    assert found[UNAME].denied
    assert found[READ].starts
    assert not found[SENDFILE].starts


def test_of_two_that_make_up_for_each_other_one_stays() -> None:
    found = ablated(lambda removed, _: "page" if {POLL, SELECT} <= removed else None)
    assert len(necessities(found, Necessity.NEEDED) & {POLL, SELECT}) == 1
    assert len(necessities(found, Necessity.UNNEEDED) & {POLL, SELECT}) == 1


def test_what_a_runtime_may_make_by_chance_stays_though_nothing_breaks() -> None:
    found = ablated(lambda removed, _: None)
    assert found[CAPSET].necessity is Necessity.UNTESTED
    assert found[CAPSET].because == BY_CHANCE
    assert necessities(found, Necessity.UNNEEDED) == set(map(Syscall, CALLS)) - {CAPSET}


def test_what_only_another_run_needs_is_put_back_with_its_proof() -> None:
    """The search asks the driven run alone; the check as a whole finds the others."""
    for elsewhere in (ALONE, OTHER):

        def rule(
            removed: frozenset[Event], replay: Replay, where: Replay = elsewhere
        ) -> str | None:
            return "page" if UNAME in removed and replay is where else None

        found = ablated(rule, (ALONE, DEFAULT, OTHER))
        assert necessities(found, Necessity.NEEDED) == {UNAME}


def test_what_breaks_now_and_then_stays() -> None:
    times = iter(range(1000))

    def rule(removed: frozenset[Event], _: Replay) -> str | None:
        whole = {READ, WRITE, POLL, SELECT, SENDFILE, UMASK} <= removed
        return "page" if whole and UNAME in removed and next(times) % 3 == 2 else None

    found = ablated(rule)
    assert found[UNAME].necessity is not Necessity.UNNEEDED or found[READ].because == SOMETIMES


def test_a_budget_ends_it_and_what_was_not_tested_stays() -> None:
    found = ablated(lambda removed, _: "exited" if READ in removed else None, budget=5)
    untested = necessities(found, Necessity.UNTESTED)
    assert untested
    assert {found[event].because for event in untested} == {NOT_REACHED}


def test_nothing_is_tested_where_the_whole_policy_breaks() -> None:
    with pytest.raises(BeaconError, match="Under the whole policy the container does not"):
        ablated(lambda *_: "exited")


def test_a_check_that_fails_under_the_whole_policy_says_nothing() -> None:
    answers: Any = Answers(lambda *_: "flaky")
    ablator = Ablator(runs=answers, units=[], protected={}, replays=(DEFAULT,), starts=0)
    ablator._baseline()
    assert {each.name for each in answers.noise["http@default"]} == {"flaky"}
