from __future__ import annotations

import msgspec
import pytest

from beacon.model.event import Event, Phase, Syscall
from beacon.model.observation import OTHERS, ClassCount, Observation
from beacon.synthesis.privileges import (
    GivingUp,
    always_given_up,
    given_up,
    guarded,
    lacking,
    not_given_up,
)
from builders import call, check, run

SETUID, SETGID = Syscall("setuid"), Syscall("setgid")


def test_what_the_runtime_gives_up_is_not_the_container_s() -> None:
    calls = (call("setuid", Phase.RUNTIME), call("setgid"), call("read"))
    assert given_up(Observation(syscalls=calls)) == {GivingUp(SETGID, "server")}


def test_a_call_that_was_only_denied_gave_up_nothing() -> None:
    assert not given_up(Observation(syscalls=(call("setuid", count=0, denied=1),)))


def test_only_what_every_run_gave_up_is_missed_in_another() -> None:
    both, one = run(call("setuid"), call("setgid")), run(call("setuid"))
    assert always_given_up([both, one]) == {GivingUp(SETUID, "server")}
    assert always_given_up([]) == frozenset()


def test_what_a_program_asks_that_gives_up_nothing_is_not_guarded() -> None:
    seen = run(
        call("geteuid", process="server"),
        call("setuid", process="server"),
        call("getegid", process="sh"),
        call("getgid", Phase.RUNTIME, process="server"),
    )
    assert guarded([seen]) == {Syscall("geteuid"), SETUID}


def test_what_gives_up_privileges_in_one_run_alone_is_guarded() -> None:
    assert guarded([run(call("read")), run(call("setgid"), call("read"))]) == {SETGID}


@pytest.mark.parametrize(("asks", "gives"), [("server", OTHERS), (OTHERS, "server")])
def test_a_program_whose_name_was_not_kept_may_be_the_one_that_asks(asks: str, gives: str) -> None:
    seen = run(call("geteuid", process=asks), call("setuid", process=gives))
    assert guarded([seen]) == {Syscall("geteuid"), SETUID}
    assert guarded([run(call("geteuid", process=asks))]) == frozenset()


def test_a_call_as_a_whole_is_the_one_of_the_same_arguments() -> None:
    whole, part = Syscall("prctl"), Syscall("prctl", argument="PR_SET_NO_NEW_PRIVS")
    counted = ClassCount("PR_SET_NO_NEW_PRIVS", 1, 0, ("server",))
    told_apart = msgspec.structs.replace(call("prctl"), classes=(counted,))
    was_whole, was_part = ({GivingUp(each, "server")} for each in (whole, part))
    assert not_given_up(was_whole, Observation(syscalls=(told_apart,))) == frozenset()
    assert not_given_up(was_part, Observation(syscalls=(call("prctl"),))) == frozenset()
    assert not_given_up(was_part, Observation(syscalls=(call("setuid"),))) == {part}


@pytest.mark.parametrize(("now", "missed"), [("su", {SETUID}), ("gosu", set()), (OTHERS, set())])
def test_what_another_program_gives_up_is_not_the_same(now: str, missed: set[Syscall]) -> None:
    seen = Observation(syscalls=(call("setuid", process=now),))
    assert not_given_up({GivingUp(SETUID, "gosu")}, seen) == missed


def test_a_capability_that_such_a_call_asks_for_is_lacking() -> None:
    asked = check("CAP_SYS_ADMIN", granted=False, during="seccomp")
    other = check("CAP_SYS_CHROOT", granted=False, during="chroot")
    seen = Observation(capabilities=(asked, other))
    denied: set[Event] = {asked.capability, other.capability, SETUID, Syscall("read")}
    assert lacking(denied, seen) == {asked.capability, SETUID}
