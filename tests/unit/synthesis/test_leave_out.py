"""Recall by hand: which environment lacks what, when the policy is derived without it."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from beacon.errors import NothingObservedError
from beacon.model.environment import Changes, Dimension, Environment, EnvironmentSpace
from beacon.model.event import Capability, Syscall, parse_event
from beacon.model.intent import PRESETS, Intent
from beacon.model.launch import Launch
from beacon.model.observation import ClassCount, SyscallCount
from beacon.model.profile import Profile
from beacon.model.reach import Caller, Reach, Reachable, Scope
from beacon.model.recall import Lacking, LackingKind, Recall
from beacon.model.run import Ending, Run
from beacon.synthesis.coverage import lets_through
from beacon.synthesis.leave_out import LeaveOut, recall
from beacon.synthesis.synthesize import synthesize
from beacon.synthesis.withheld import withheld
from builders import call, check, profile, run


def under(setting: str, *syscalls: SyscallCount, **more: object) -> Run:
    made = run(call("execve"), *syscalls, **more)  # type: ignore[arg-type]
    settings = (word.partition("=") for word in setting.split(",") if word)
    return msgspec.structs.replace(
        made, environment=Environment.of((name, value or "yes") for name, _, value in settings)
    )


def found(*runs: Run, of: Profile | None = None) -> dict[str, list[str]]:
    made = of or profile(under(""), *runs)
    lacking = recall(LeaveOut(made)).lacking
    return {each.environment.name: [str(event) for event in each.events] for each in lacking}


def test_what_one_environment_alone_used_it_lacks() -> None:
    recorded = profile(
        under(""), under("a", call("kill")), under("b", call("kill")), under("c", call("ptrace"))
    )
    result = recall(LeaveOut(recorded))
    assert result.lacking == (Lacking(Environment.of([("c", "yes")]), (Syscall("ptrace"),)),)
    assert (result.environments, result.covered) == (3, 2)
    assert result.share == pytest.approx(2 / 3)


def test_what_the_others_policy_infers_is_not_lacking() -> None:
    # Whoever sets a signal handler returns from it, seen or not (data/implied_syscalls.toml).
    assert found(under("a", call("rt_sigreturn")), under("b", call("rt_sigaction"))) == {
        "b=yes": ["rt_sigaction"]
    }


def test_what_the_reserve_has_is_not_lacking() -> None:
    runs = (under(""), under("a", call("readv")), under("b", call("ptrace")))
    reach = Reach(
        tuple(
            Reachable(name, Scope.RUN, (Caller("/usr/sbin/server"),))
            for name in ("readv", "ptrace")
        ),
        (),
        {Scope.RUN: 2},
    )
    analysed = msgspec.structs.replace(profile(*runs), reach=reach)
    assert found(of=profile(*runs)) == {"a=yes": ["readv"], "b=yes": ["ptrace"]}
    assert found(of=analysed) == {"b=yes": ["ptrace"]}


def test_an_argument_class_that_no_other_used_is_lacking_the_whole_call_covers_it() -> None:
    datagram, stream = "AF_INET,SOCK_DGRAM,0x0", "AF_INET,SOCK_STREAM,0x0"

    def opened(*classes: str) -> SyscallCount:
        counts = tuple(ClassCount(each, 1, 0, ("server",)) for each in classes)
        return msgspec.structs.replace(call("socket", count=len(counts) or 1), classes=counts)

    apart = found(
        under("a", opened(datagram)), under("b", opened(stream)), under("c", opened(stream))
    )
    assert apart == {"a=yes": [f"socket({datagram})"]}
    assert found(under("a", opened(datagram)), under("b", opened()), under("c", opened())) == {}


def test_a_capability_that_nobody_else_needed_is_lacking() -> None:
    needing = under("a", call("chown"), capabilities=(check("CAP_CHOWN", during="chown"),))
    assert found(needing, under("b", call("chown"))) == {"a=yes": ["CAP_CHOWN"]}


def test_what_no_policy_grants_is_not_asked_of_this_one() -> None:
    mounting = under("a", capabilities=(check("CAP_SYS_ADMIN", during="mount"),))
    recorded = profile(under(""), mounting, launch=Launch())
    assert Capability("CAP_SYS_ADMIN") in withheld(recorded.runs, recorded, Intent())
    assert found(of=recorded) == {}


def test_runs_of_one_environment_are_left_out_together() -> None:
    again = msgspec.structs.replace(under("a", call("ptrace")), repeat=1)
    assert found(under("a", call("ptrace")), again) == {"a=yes": ["ptrace"]}


def test_what_never_became_ready_does_not_count() -> None:
    dead = under("a", call("ptrace"), ending=Ending.EXITED)
    assert recall(LeaveOut(profile(under(""), dead))) == Recall(0)
    assert Recall(0).share == 1.0
    with pytest.raises(NothingObservedError):
        LeaveOut(profile(dead))


def test_a_dimension_is_left_out_with_all_its_values_and_combinations() -> None:
    recorded = profile(
        under(""), under("a=1", call("ptrace")), under("a=2,b=1", call("ptrace")), under("b=1")
    )
    left = LeaveOut(recorded)
    assert recall(left).lacking == ()
    assert recall(left).kinds == (LackingKind("a", (Syscall("ptrace"),)),)
    assert [len(runs) for runs in left.dimensions().values()] == [2, 2]
    assert left.beyond_default() == {Syscall("ptrace")}


_CALLS = st.lists(st.sampled_from(["read", "kill", "ptrace", "futex", "socket"]), max_size=4)


@given(st.lists(_CALLS, min_size=1, max_size=6))
def test_it_lacks_what_a_policy_derived_without_it_denies(shown: list[list[str]]) -> None:
    default = under("")
    dimensions = (Dimension(name=f"d{n}", why="why", values={"yes": Changes()}) for n in range(6))
    around = EnvironmentSpace(tuple(dimensions))
    varied = [under(f"d{n}", *map(call, names)) for n, names in enumerate(shown)]
    lacking = found(of=profile(default, *varied))
    for each in varied:
        others = profile(default, *(other for other in varied if other is not each))
        described = msgspec.structs.replace(others, surroundings=around)
        allowed = synthesize(described, PRESETS["availability"]).events()
        denied = {e for e in each.observation.events() if not lets_through(allowed, e)}
        assert denied == {parse_event(word) for word in lacking.get(each.environment.name, [])}
