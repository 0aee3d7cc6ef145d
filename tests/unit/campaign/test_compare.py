from __future__ import annotations

import msgspec

from beacon.campaign.compare import compare, exceptions
from beacon.model.event import Abi
from beacon.model.observation import Loss
from beacon.model.run import Check, Ending, Run
from beacon.model.verification import DifferenceKind
from beacon.synthesis.synthesize import synthesize
from builders import call, check, profile, run

PAGE = Check("page", passed=True, value="digest")


def differences(recorded: Run, enforced: Run) -> list[tuple[DifferenceKind, str]]:
    policy = synthesize(profile(recorded), allow_incomplete=True)
    found = compare(policy, policy.replays[0], enforced)
    return [(difference.kind, difference.name) for difference in found]


def test_the_same_run_has_no_difference() -> None:
    recorded = run(call("read"), checks=(PAGE,))
    assert differences(recorded, recorded) == []


def test_a_new_denial_is_a_difference_once() -> None:
    recorded = run(call("read"), call("sendfile"))
    enforced = run(call("read"), call("sendfile", count=0, denied=4))
    assert differences(recorded, enforced) == [(DifferenceKind.SYSCALL, "sendfile")]


def test_what_the_recording_filter_denied_is_none() -> None:
    recorded = run(call("read"), call("clone3", count=0, denied=1))
    assert differences(recorded, recorded) == []


def test_what_the_filter_kills_is_a_difference() -> None:
    recorded = run(call("read"), call("getpid", abi=Abi.I386))
    for enforced in (
        run(call("read"), call("getpid", abi=Abi.I386, count=0, killed=2)),
        run(call("read"), call("getpid", abi=Abi.I386, count=0, trapped=2)),
    ):
        assert differences(recorded, enforced) == [(DifferenceKind.KILLED, "i386:getpid")]
        assert differences(enforced, enforced) == []


def test_a_kill_in_the_place_of_a_denial_is_a_difference() -> None:
    recorded = run(call("read"), call("mount", abi=Abi.I386, count=0, denied=1))
    enforced = run(call("read"), call("mount", abi=Abi.I386, count=0, killed=1))
    assert differences(recorded, enforced) == [(DifferenceKind.KILLED, "i386:mount")]


def test_kills_say_how_many_and_by_whom() -> None:
    policy = synthesize(profile(run(call("read"))))
    enforced = run(call("read"), call("keyctl", count=0, killed=2, trapped=3, process="probe"))
    (difference,) = compare(policy, policy.replays[0], enforced)
    assert difference.detail == "2 x killed, 3 x sent SIGSYS in phase serve by probe"


def test_another_answer_is_a_difference() -> None:
    recorded = run(call("read"), checks=(PAGE,))
    other = run(call("read"), checks=(Check("page", passed=True, value="other"),))
    failed = run(call("read"), checks=(Check("page", passed=False),))
    missing = run(call("read"))
    for enforced in (other, failed, missing):
        assert differences(recorded, enforced) == [(DifferenceKind.CHECK, "page")]
    assert differences(missing, recorded) == [(DifferenceKind.CHECK, "page")]


def test_where_the_recorded_run_was_the_worse_one() -> None:
    failed = run(call("read"), checks=(Check("page", passed=False),), exit_code=137)
    good = run(call("read"), checks=(PAGE,))
    died = run(call("read"), ending=Ending.DIED, exit_code=1)
    page, code = (DifferenceKind.CHECK, "page"), (DifferenceKind.ENDING, "exit code")
    for recorded, now, found in (
        (failed, good, {page, code}),
        (good, failed, set()),
        (good, good, set()),
        (died, good, {(DifferenceKind.ENDING, "served")}),
    ):
        policy = synthesize(profile(recorded), allow_incomplete=True)
        assert exceptions(policy, policy.replays[0], now) == found


def test_another_end_is_a_difference() -> None:
    recorded = run(call("read"), checks=(PAGE,))
    exited = run(call("read"), ending=Ending.EXITED, exit_code=1)
    killed = run(call("read"), checks=(PAGE,), exit_code=137)
    assert differences(recorded, exited) == [(DifferenceKind.ENDING, "exited")]
    assert differences(recorded, killed) == [(DifferenceKind.ENDING, "exit code")]


def test_a_refused_capability_is_a_difference() -> None:
    recorded = run(call("read"), capabilities=(check("CAP_CHOWN"),))
    enforced = run(call("read"), capabilities=(check("CAP_CHOWN", granted=False),))
    noise = run(call("read"), capabilities=(check("CAP_CHOWN", granted=False, decisive=False),))
    assert differences(recorded, enforced) == [(DifferenceKind.CAPABILITY, "CAP_CHOWN")]
    assert differences(recorded, noise) == []
    assert differences(enforced, enforced) == []


def test_what_was_both_granted_and_refused_is_missed_when_never_granted() -> None:
    both = (check("CAP_SETPCAP"), check("CAP_SETPCAP", granted=False))
    recorded = run(call("read"), call("clone"), call("clone", count=0, denied=1), capabilities=both)
    without = run(call("read"), call("clone", count=0, denied=1), capabilities=both[1:])
    assert differences(recorded, recorded) == []
    assert differences(recorded, without) == [
        (DifferenceKind.SYSCALL, "clone"),
        (DifferenceKind.CAPABILITY, "CAP_SETPCAP"),
    ]


def test_a_loss_is_a_difference() -> None:
    recorded = run(call("read"))
    enforced = run(call("read"), losses=(Loss("calls", 1),))
    assert differences(recorded, enforced) == [(DifferenceKind.LOSS, "calls")]


def test_a_service_that_ends_by_itself_says_why_and_has_no_answers_of_a_job() -> None:
    output = Check("standard output", passed=True, value="digest")
    policy = synthesize(profile(run(call("read"))))
    enforced = run(call("read"), checks=(output,), ending=Ending.FINISHED, exit_code=1)
    outcome = msgspec.structs.replace(enforced.outcome, log="starting\nno CAP_KILL")
    enforced = msgspec.structs.replace(enforced, outcome=outcome)
    (difference,) = compare(policy, policy.replays[0], enforced)
    assert (difference.kind, difference.name) == (DifferenceKind.ENDING, "finished")
    assert difference.detail == "exit code 1, no CAP_KILL; recorded: started"
