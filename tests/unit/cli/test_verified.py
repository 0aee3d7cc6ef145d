from __future__ import annotations

import msgspec

from beacon import __version__
from beacon.campaign.wording import ending
from beacon.cli.verified import closing, told, told_starts, verified
from beacon.model.coverage import Coverage
from beacon.model.environment import Environment
from beacon.model.event import Phase
from beacon.model.listener import Listener
from beacon.model.origin import ImageIdentity
from beacon.model.run import Check, Ending, Outcome
from beacon.model.verification import (
    Difference,
    DifferenceKind,
    IntendedDenial,
    Shown,
    Starts,
    Verdict,
    Verification,
    VerifiedRun,
)

IMAGE = ImageIdentity("server:1", "sha256:0", "amd64")
CHECKS = tuple(Check(str(number), passed=number > 0) for number in range(118))


def made(*workloads: str, coverage: Coverage) -> Verification:
    runs = (
        VerifiedRun(
            environment=Environment(),
            workload=name,
            outcome=Outcome(ending=Ending.SERVED, checks=CHECKS * (name != "none")),
            differences=(),
        )
        for name in workloads
    )
    return Verification(image=IMAGE, runs=tuple(runs), beacon=__version__, coverage=coverage)


def test_it_says_what_was_served_and_what_was_not_looked_at() -> None:
    covered = Coverage((Listener(80),), (Listener(443),), 41, restarted=True)
    done = made("none", "http", coverage=covered)
    rest = "and serves 117 checks on 80/tcp; not exercised: 443/tcp; watched for 41 s."
    assert verified(done) == f"Verified: starts {rest}"
    assert (
        verified(msgspec.structs.replace(done, starts=Starts(count=20, failed=0)))
        == f"Verified: starts (20 of 20) {rest}"
    )


def test_what_a_workload_lacked_for_its_checks_is_not_served() -> None:
    checks = (Check("greeting", passed=True), Check("login", passed=True, value="no account"))
    run = VerifiedRun(
        environment=Environment(),
        workload="ssh",
        outcome=Outcome(ending=Ending.SERVED, checks=checks),
        differences=(),
    )
    covered = Coverage((Listener(22),), (), 41, restarted=True)
    done = Verification(image=IMAGE, runs=(run,), beacon=__version__, coverage=covered)
    said = "serves 1 check on 22/tcp; not tried: 1 check (no account); watched for 41 s."
    assert verified(done) == f"Verified: starts and {said}"


def test_what_nothing_drove_only_starts() -> None:
    done = made("none", coverage=Coverage((), (Listener(4321),), 5, restarted=True))
    assert verified(done) == "Verified: starts; not exercised: 4321/tcp; watched for 5 s."
    assert "served" not in ending("none", Ending.SERVED)
    assert ending("http", Ending.SERVED) == "served"
    assert ending("none", Ending.DIED) == "died"


PAGE = Difference(DifferenceKind.CHECK, "page", "oops")
CODE = Difference(DifferenceKind.ENDING, "exit code", "exit code 1, recorded: 0")
KILL = IntendedDenial(event="kill", phase=Phase.SHUTDOWN, count=1, processes=("supervisord",))


def ran(
    *differences: Difference,
    control: tuple[Shown, ...] = (),
    unsteady: tuple[Shown, ...] = (),
    intended: tuple[IntendedDenial, ...] = (),
    suffered: tuple[str, ...] = (),
    runs: tuple[int, int] = (1, 0),
) -> VerifiedRun:
    outcome = Outcome(ending=Ending.SERVED)
    enforced, controls = runs
    return VerifiedRun(
        environment=Environment(),
        workload="http",
        outcome=outcome,
        differences=differences,
        control_differences=control,
        unsteady=unsteady,
        intended=intended,
        suffered=suffered,
        enforced=enforced,
        control=controls,
    )


def test_whose_fault_each_difference_is() -> None:
    assert list(told(ran(PAGE))) == [
        "http@default: served, 1 difference",
        "  check: page (oops)",
    ]
    _, line = told(ran(control=(Shown(PAGE, 2, 2),), runs=(2, 2)))
    counts = "2 of 2 runs under the policy, 2 of 2 without"
    assert line == f"  without the policy, too: check: page (oops): {counts}"
    head, line = told(ran(unsteady=(Shown(PAGE, 1, 1),), runs=(2, 2)))
    assert head == "http@default: served, 0 differences"
    assert line.startswith("  passes sometimes, with and without the policy: check: page (oops): 1")
    for shown, head in (
        (Shown(PAGE, 1, 0), "passes sometimes, and nothing was denied"),
        (Shown(PAGE, 2, 1), "passes sometimes without the policy, and nothing was denied"),
        (Shown(PAGE, 2, 2), "only the recorded run differs"),
    ):
        _, line = told(ran(unsteady=(shown,), runs=(2, 2)))
        assert line.startswith(f"  {head}: check: page (oops): {shown.enforced} of 2 runs")


def test_what_was_denied_as_the_user_asked() -> None:
    assert list(told(ran(intended=(KILL,))))[1:] == [
        "  denied as you asked: kill, 1 time in shutdown, by supervisord"
    ]
    *_, line = told(ran(CODE, intended=(KILL,), suffered=("exit code",)))
    assert line.endswith("by supervisord; what suffers: exit code")
    done = Verification(image=IMAGE, runs=(ran(intended=(KILL,)),), beacon=__version__)
    assert closing(done).endswith("; denied as you asked: kill.")
    failed = Verification(image=IMAGE, runs=(ran(CODE, intended=(KILL,)),), beacon=__version__)
    assert closing(failed) == (
        "NOT verified: the container differs under this policy; denied as you asked: kill."
    )


def test_the_last_line_says_whose_fault_it_is() -> None:
    gone = Verification(image=IMAGE, runs=(ran(control=(Shown(PAGE, 2, 2),)),), beacon=__version__)
    assert gone.verdict is Verdict.ENVIRONMENT
    assert closing(gone).startswith("NOT verified, and not by the policy's fault: ")
    both = msgspec.structs.replace(gone, runs=(*gone.runs, ran(PAGE)))
    assert both.verdict is Verdict.POLICY
    assert closing(both) == "NOT verified: the container differs under this policy."


def test_what_another_service_s_policy_does_verifies_nothing() -> None:
    run = msgspec.structs.replace(ran(), elsewhere=(PAGE,))
    assert list(told(run)) == [
        "http@default: served, 1 difference",
        "  by the policy of another service: check: page (oops)",
    ]
    done = Verification(image=IMAGE, runs=(run,), beacon=__version__)
    assert done.verdict is Verdict.ENVIRONMENT
    assert closing(done).startswith("NOT verified, and not by this policy's fault: that of another")


def test_starts_that_fail_without_the_policy_too() -> None:
    starts = Starts(
        count=20, failed=2, reasons=("exited: gone",), control=Starts(count=20, failed=1)
    )
    assert list(told_starts(starts)) == [
        "starts: 18 of 20",
        "  exited: gone",
        "  without the policy: 19 of 20",
    ]
    good = Verification(image=IMAGE, runs=(ran(),), beacon=__version__, starts=starts)
    assert good.verdict is Verdict.ENVIRONMENT
    alone = msgspec.structs.replace(starts, control=Starts(count=20))
    assert msgspec.structs.replace(good, starts=alone).verdict is Verdict.POLICY
