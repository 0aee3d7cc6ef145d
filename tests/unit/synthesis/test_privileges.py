from __future__ import annotations

from beacon.model.event import Phase, Syscall
from beacon.model.observation import Observation
from beacon.synthesis.privileges import always_given_up, given_up, guarded
from builders import call, run

SETUID, SETGID = Syscall("setuid"), Syscall("setgid")


def test_what_the_runtime_gives_up_is_not_the_container_s() -> None:
    calls = (call("setuid", Phase.RUNTIME), call("setgid"), call("read"))
    assert given_up(Observation(syscalls=calls)) == {SETGID}


def test_a_call_that_was_only_denied_gave_up_nothing() -> None:
    assert not given_up(Observation(syscalls=(call("setuid", count=0, denied=1),)))


def test_only_what_every_run_gave_up_is_missed_in_another() -> None:
    both, one = run(call("setuid"), call("setgid")), run(call("setuid"))
    assert always_given_up([both, one]) == {SETUID}
    assert always_given_up([]) == frozenset()


def test_what_a_program_asks_that_gives_up_nothing_is_not_guarded() -> None:
    seen = run(
        call("geteuid", process="server"),
        call("setuid", process="server"),
        call("getegid", process="sh"),
        call("getgid", Phase.RUNTIME, process="server"),
    )
    assert guarded([seen]) == {Syscall("geteuid")}
