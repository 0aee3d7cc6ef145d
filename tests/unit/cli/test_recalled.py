"""What is said of estimates and recall, by hand."""

from __future__ import annotations

from beacon.cli.recalled import told_estimates, told_left_out, told_recall
from beacon.model.environment import Environment
from beacon.model.event import Syscall
from beacon.model.profile import Estimate, Exploration
from beacon.model.recall import Lacking, LackingKind, Recall
from beacon.model.run import Ending, Outcome
from beacon.model.verification import Difference, DifferenceKind, LeftOut, VerifiedRun

NONE = Estimate(runs=0, rare=0, chance=1.0, low=0.0, high=1.0, unseen=0.0)
INIT = Environment.of([("init", "yes")])
LACKING = Lacking(INIT, (Syscall("kill"),))


def enforced(*differences: tuple[DifferenceKind, str]) -> LeftOut:
    found = tuple(Difference(kind, name, "why") for kind, name in differences)
    return LeftOut(
        INIT,
        LACKING.events,
        (
            VerifiedRun(
                environment=INIT,
                workload="http",
                outcome=Outcome(ending=Ending.SERVED),
                differences=found,
            ),
        ),
    )


def said(left_out: LeftOut) -> str:
    (line,) = told_left_out([left_out])
    return line


def test_each_chance_says_of_what_it_speaks() -> None:
    found = Exploration(
        strategy="adaptive",
        seed=1,
        finished=True,
        estimate=Estimate(runs=26, rare=0, chance=0.0, low=0.0, high=0.094, unseen=0.0),
        kind=Estimate(runs=54, rare=5, chance=5 / 54, low=0.03, high=0.18, unseen=2.0),
        repetition=Estimate(runs=4, rare=0, chance=0.0, low=0.0, high=0.4, unseen=0.0),
    )
    assert list(told_estimates(found)) == [
        "Chance that the policy lacks something that would show in",
        "  another combination of these settings: 0% (0% to 9%; 0 of 26 combinations)",
        "  another kind of setting: 9% (3% to 18%; 5 of 54 dimensions)",
        "  the default environment once more (chance alone): 0% (0% to 40%; 0 of 4 equal runs)",
    ]


def test_nothing_is_said_of_what_was_not_run() -> None:
    assert (
        list(told_estimates(Exploration(strategy="baseline", seed=1, finished=True, estimate=NONE)))
        == []
    )
    kind = Exploration(
        strategy="one-at-a-time",
        seed=1,
        finished=True,
        estimate=NONE,
        kind=Estimate(runs=2, rare=1, chance=0.5, low=0.0, high=1.0, unseen=0.0),
    )
    assert list(told_estimates(kind))[1:] == [
        "  another combination of these settings: no estimate, for none was run",
        "  another kind of setting: 50% (0% to 100%; 1 of 2 dimensions)",
    ]
    assert list(told_recall(None)) == []


def test_what_is_lacking_is_named_ten_environments_long() -> None:
    many = tuple(
        Lacking(Environment.of([("init", str(number))]), (Syscall("kill"),)) for number in range(12)
    )
    lines = list(told_recall(Recall(24, many)))
    assert lines[0] == (
        "leave-one-out recall: the policy from the others covers 50.0 % (12 of 24 environments)"
    )
    assert lines[1] == "  init=0 would lack kill"
    assert lines[11:] == ["  and 2 more (--json)"]


def test_what_a_kind_of_setting_alone_brings_is_named_by_the_kind() -> None:
    kinds = tuple(LackingKind(f"d{number}", (Syscall("kill"),)) for number in range(12))
    assert list(told_recall(Recall(24, (), kinds)))[10:] == [
        "  without any d9 it would lack kill",
        "  and 2 more kinds of settings (--json)",
    ]


def test_whether_the_lack_matters() -> None:
    head = "init=yes without kill: "
    denied = (DifferenceKind.SYSCALL, "kill")
    suffering = enforced(denied, (DifferenceKind.CHECK, "page"), (DifferenceKind.CHECK, "page"))
    assert said(suffering) == f"{head}denied, and it differs: page"
    assert said(enforced(denied)) == f"{head}denied, and nothing else differs"
    assert said(enforced()) == f"{head}not asked for again"
    assert said(LeftOut(INIT, LACKING.events, ())) == f"{head}this policy has no run of it"
