from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beacon.campaign.blame import REPEATS, Blame, Trial, Trials, blame, is_open, key_of, suffered
from beacon.model.run import Check, Ending, Outcome
from beacon.model.verification import Difference, DifferenceKind, Shown

PAGE = Difference(DifferenceKind.CHECK, "page", "oops")
CODE = Difference(DifferenceKind.ENDING, "exit code", "exit code 1, recorded: 0")
KILL = Difference(DifferenceKind.SYSCALL, "kill", "1 x in phase shutdown by server")
LOSS = Difference(DifferenceKind.LOSS, "calls", "1")
PASSED, FAILED = Check("page", passed=True), Check("page", passed=False)
SERVED = Outcome(ending=Ending.SERVED, checks=(FAILED,), exit_code=0)


def trial(*differences: Difference, outcome: Outcome = SERVED, intended: bool = False) -> Trial:
    return Trial(outcome, differences, intended)


def ended(ending: Ending) -> Trial:
    if ending is Ending.SERVED:
        return trial(outcome=Outcome(ending=ending, checks=(PASSED,), exit_code=0))
    difference = Difference(DifferenceKind.ENDING, ending, "recorded: served")
    return trial(difference, outcome=Outcome(ending=ending))


GOOD = ended(Ending.SERVED)
BAD = trial(PAGE)

_differences = st.sets(st.sampled_from([PAGE, CODE, KILL, LOSS]))
_trial = st.builds(
    lambda found, intended: Trial(SERVED, tuple(found), intended), _differences, st.booleans()
)
_trials = st.builds(
    Trials,
    st.lists(_trial, min_size=1, max_size=1 + REPEATS).map(tuple),
    st.lists(_trial, max_size=1 + REPEATS).map(tuple),
    st.booleans(),
)


@given(_trials)
def test_what_the_control_shows_too_is_never_blamed_and_what_only_the_policy_shows_always_is(
    trials: Trials,
) -> None:
    found = blame(trials)
    shown = [{key_of(each) for each in one.differences} for one in trials.enforced]
    without = {key_of(each) for one in trials.control for each in one.differences}
    blamed = {key_of(each) for each in found.policy}
    assert not blamed & without
    assert blamed >= set.intersection(*shown) - without
    denials = {key_of(KILL), key_of(LOSS)}
    assert blamed >= (set.union(*shown) & denials) - without


@given(_trials)
def test_every_difference_is_told_once(trials: Trials) -> None:
    found = blame(trials)
    told = [*found.policy, *(each.difference for each in (*found.control, *found.unsteady))]
    shown = {key_of(each) for one in trials.enforced for each in one.differences}
    assert sorted(map(key_of, told)) == sorted(shown)
    runs = len(trials.enforced), len(trials.control)
    assert all((each.enforced, each.control) != runs for each in found.unsteady)
    assert all(each.enforced == len(trials.enforced) and each.control for each in found.control)


def test_a_check_that_fails_without_the_policy_too_is_the_environment_s() -> None:
    assert blame(Trials((BAD, BAD), (BAD, BAD))) == Blame((), (Shown(PAGE, 2, 2),))


def test_a_check_that_passes_sometimes_is_nobody_s_fault() -> None:
    assert blame(Trials((BAD, GOOD), (BAD, GOOD))) == Blame((), (), (Shown(PAGE, 1, 1),))
    assert blame(Trials((BAD, GOOD), (GOOD, GOOD))) == Blame((), (), (Shown(PAGE, 1, 0),))


def test_a_check_that_fails_under_the_policy_alone_is_its_fault() -> None:
    assert blame(Trials((BAD,) * 4, (GOOD,) * 4)) == Blame((PAGE,))
    assert blame(Trials((BAD,))) == Blame((PAGE,))


@pytest.mark.parametrize(
    "denied", [trial(PAGE, KILL), trial(PAGE, intended=True)], ids=["unwanted", "intended"]
)
def test_what_failed_once_beside_a_denial_is_no_chance(denied: Trial) -> None:
    assert PAGE in blame(Trials((denied, GOOD), (GOOD, GOOD))).policy
    assert PAGE not in blame(Trials((denied, GOOD), (BAD, GOOD))).policy


def test_a_denial_is_the_policy_s_fault_unless_docker_s_default_denies_it_too() -> None:
    assert blame(Trials((trial(KILL), GOOD), (GOOD,))) == Blame((KILL,))
    assert blame(Trials((trial(KILL),), (trial(KILL),))) == Blame((), (Shown(KILL, 1, 1),))


def test_another_end_may_be_chance_unless_it_was_not_ready_where_nothing_varies() -> None:
    trials = (trial(CODE), GOOD), (GOOD, GOOD)
    assert blame(Trials(*trials, default=True)).unsteady == (Shown(CODE, 1, 0),)
    exited = ended(Ending.EXITED)
    trials = (exited, GOOD), (GOOD, GOOD)
    assert blame(Trials(*trials, default=True)).policy == exited.differences
    assert not blame(Trials(*trials, default=False)).policy


def test_what_never_passed_under_the_policy_but_sometimes_without_is_chance() -> None:
    trials = (BAD,) * 4, (BAD, GOOD, BAD, BAD)
    assert blame(Trials(*trials)).unsteady == (Shown(PAGE, 4, 3),)
    beside = (trial(PAGE, intended=True),) * 4
    assert blame(Trials(beside, trials[1])).control == (Shown(PAGE, 4, 3),)


def test_a_recording_that_was_worse_is_no_failure() -> None:
    better = Trial(SERVED, (CODE,), exceptions=frozenset([key_of(CODE)]))
    assert blame(Trials((better,), (better,))).unsteady == (Shown(CODE, 1, 1),)
    assert not is_open(Trials((better,), (better,)))
    assert blame(Trials((better,), (GOOD,))).policy == (CODE,)
    assert is_open(Trials((better,), (GOOD,)))


@pytest.mark.parametrize(
    ("under", "without", "blamed"),
    [
        (Ending.EXITED, Ending.EXITED, False),
        (Ending.EXITED, Ending.TIMED_OUT, False),
        (Ending.DIED, Ending.EXITED, False),
        (Ending.EXITED, Ending.DIED, True),
        (Ending.DIED, Ending.SERVED, True),
        (Ending.EXITED, Ending.REFUSED, True),
        (Ending.REFUSED, Ending.REFUSED, False),
    ],
)
def test_a_run_that_came_farther_without_the_policy_excuses_nothing(
    under: Ending, without: Ending, blamed: bool
) -> None:
    assert bool(blame(Trials((ended(under),), (ended(without),))).policy) is blamed


def test_a_container_that_is_not_even_ready_without_the_policy_excuses_its_checks() -> None:
    assert not blame(Trials((BAD,), (ended(Ending.EXITED),))).policy


def test_another_answer_does_not_excuse_a_failure() -> None:
    answered = trial(PAGE, outcome=Outcome(ending=Ending.SERVED, checks=(PASSED,), exit_code=0))
    assert blame(Trials((BAD,), (answered,))).policy == (PAGE,)
    assert not blame(Trials((answered,), (BAD,))).policy
    assert not blame(Trials((answered,), (answered,))).policy


@pytest.mark.parametrize(
    ("enforced", "control", "more"),
    [
        ((GOOD,), (), False),
        ((BAD,), (BAD,), True),
        ((BAD,), (GOOD,), True),
        ((BAD, BAD), (BAD, BAD), False),
        ((BAD, GOOD), (GOOD, GOOD), False),
        ((BAD, BAD), (BAD, GOOD), True),
        ((BAD, BAD), (GOOD, GOOD), True),
        ((trial(PAGE, KILL),), (GOOD,), False),
        ((trial(PAGE, KILL),), (trial(KILL),), True),
        ((trial(PAGE, intended=True),), (GOOD,), True),
        ((trial(PAGE, intended=True), BAD), (GOOD, GOOD), False),
        ((trial(LOSS),), (GOOD,), False),
    ],
)
def test_it_is_repeated_as_long_as_that_can_change_the_blame(
    enforced: tuple[Trial, ...], control: tuple[Trial, ...], more: bool
) -> None:
    assert is_open(Trials(enforced, control)) is more


def test_what_suffers_from_what_was_denied_as_wanted() -> None:
    assert suffered((PAGE, CODE)) == ("page", "exit code")
    assert suffered((PAGE, KILL)) == ()
