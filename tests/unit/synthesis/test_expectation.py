from __future__ import annotations

import msgspec

from beacon.model.event import Syscall
from beacon.model.policy import Policy
from beacon.model.run import Check, Ending, Run
from beacon.synthesis.expectation import expecting
from beacon.synthesis.synthesize import synthesize
from builders import call, profile, run

OTHER = "sha256:other"


def driven(*checks: Check, ending: Ending = Ending.SERVED) -> Run:
    return run(call("read"), call("ptrace", count=0, denied=1), checks=checks, ending=ending)


def policy(*checks: Check) -> Policy:
    return synthesize(profile(driven(*checks)))


def test_an_update_is_compared_with_itself() -> None:
    made = policy(Check("page", True, "old"), Check("gone", True, "a"))
    now = driven(Check("page", True, "new"), Check("fresh", True, "b"))
    (replay,) = expecting(made, OTHER, [(made.replays[0], now)]).replays
    assert [(check.name, check.value) for check in replay.checks] == [
        ("page", "new"),
        ("fresh", "b"),
    ]
    assert replay.denied == (Syscall("ptrace"),)


def test_a_value_that_differs_each_time_is_not_compared_now_either() -> None:
    made = policy(Check("page", True, None))
    now = driven(Check("page", True, "new"))
    (replay,) = expecting(made, OTHER, [(made.replays[0], now)]).replays
    assert replay.checks == (Check("page", True, None),)


def test_what_never_became_ready_says_nothing() -> None:
    made = policy(Check("page", True, "old"))
    now = driven(ending=Ending.EXITED)
    assert expecting(made, OTHER, [(made.replays[0], now)]) == made


def test_the_recorded_image_is_compared_with_the_recording() -> None:
    made = policy(Check("page", True, "old"))
    now = driven(Check("page", True, "new"))
    assert expecting(made, made.image.id, [(made.replays[0], now)]) == made
    theirs = msgspec.structs.replace(made.image, id=OTHER)
    (replay,) = made.replays
    more = msgspec.structs.replace(
        made, replays=(replay, msgspec.structs.replace(replay, image=theirs))
    )
    assert expecting(more, OTHER, [(more.replays[1], now)]) == more
