from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from beacon.data.kernel import tables
from beacon.errors import ExitCode, NothingObservedError, UsageError
from beacon.model.event import Abi, Capability, Phase, Syscall, parse_event
from beacon.model.intent import Intent
from beacon.model.observation import ClassCount, Loss, SyscallCount
from beacon.model.run import Check, Ending
from beacon.synthesis.synthesize import synthesize
from builders import call, check, profile, run

CALLS = st.lists(st.sampled_from(sorted(tables().syscalls[Abi.X86_64])), max_size=30)


@given(CALLS, CALLS)
def test_everything_seen_is_allowed_and_little_else(one: list[str], other: list[str]) -> None:
    policy = synthesize(profile(run(*map(call, one)), run(*map(call, other))))
    seen = {*one, *other}
    assert seen <= set(policy.names())
    assert {e.event.name for e in policy.entries if e.allowed and not e.follows} == seen
    assert not set(policy.not_implemented) & set(policy.names())


@given(CALLS)
def test_more_runs_never_allow_less(names: list[str]) -> None:
    few = synthesize(profile(run(*map(call, names))))
    more = synthesize(profile(run(*map(call, names)), run(call("ptrace"))))
    assert set(few.names()) <= set(more.names())


def test_what_the_filter_denied_is_not_needed() -> None:
    policy = synthesize(profile(run(call("keyctl", count=0, denied=3), call("read"))))
    assert policy.names() == ("read",)
    assert policy.replays[0].denied == (Syscall("keyctl"),)


def test_runs_that_never_became_ready_stay_apart() -> None:
    failed = run(call("ptrace"), ending=Ending.EXITED, exit_code=1)
    policy = synthesize(profile(run(call("read")), failed), allow_incomplete=True)
    assert policy.names() == ("read",)
    assert len(policy.replays) == 1


def test_a_profile_without_a_ready_run_makes_no_policy() -> None:
    with pytest.raises(NothingObservedError) as failure:
        synthesize(profile(run(call("read"), ending=Ending.TIMED_OUT)), allow_incomplete=True)
    assert failure.value.exit_code is ExitCode.NOTHING_OBSERVED


@pytest.mark.parametrize(
    "incomplete",
    [
        run(call("read"), losses=(Loss("process names", 1),)),
        run(call("read"), checks=(Check("page", passed=False),)),
        run(call("read"), ending=Ending.DIED),
    ],
)
def test_an_incomplete_profile_needs_insisting(incomplete: object) -> None:
    recorded = profile(run(call("read")), incomplete)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="--incomplete"):
        synthesize(recorded)
    assert synthesize(recorded, allow_incomplete=True).gaps == recorded.gaps() != ()


def test_capabilities_by_use_only() -> None:
    checks = (
        check("CAP_NET_BIND_SERVICE"),
        check("CAP_SETUID", Phase.RUNTIME),
        check("CAP_SYS_ADMIN", decisive=False),
        check("CAP_SYS_MODULE", granted=False),
        check("CAP_MKNOD", foreign=True),
        check("CAP_KILL", Phase.SHUTDOWN, during="kill"),
    )
    policy = synthesize(profile(run(call("read"), capabilities=checks)))
    assert {e.event.name: e.calls for e in policy.entries if isinstance(e.event, Capability)} == {
        "CAP_NET_BIND_SERVICE": ("bind",),
        "CAP_KILL": ("kill",),
    }
    assert policy.replays[0].refused == ("CAP_SYS_MODULE",)


def test_only_observed_abis() -> None:
    policy = synthesize(profile(run(call("read"), call("getuid32", abi=Abi.I386))))
    assert policy.abis == (Abi.I386, Abi.X86_64)
    assert synthesize(profile(run(call("read")))).abis == (Abi.X86_64,)


def test_an_abi_that_only_ever_failed_is_not_used() -> None:
    probe = call("getpid", abi=Abi.X32, count=3, failed=3)
    policy = synthesize(profile(run(call("read"), probe)))
    assert policy.abis == (Abi.X86_64,)
    assert Syscall("getpid", Abi.X32) not in policy.events()
    (dropped,) = [each for each in policy.entries if each.dropped]
    assert (dropped.event, dropped.count) == (Syscall("getpid", Abi.X32), 3)
    assert "failed" in dropped.because


@pytest.mark.parametrize("failed", [0, 2])
def test_an_abi_of_which_one_call_worked_is_used(failed: int) -> None:
    calls = (call("getpid", abi=Abi.X32, count=3, failed=3), call("write", abi=Abi.X32, count=3))
    some = call("getpid", abi=Abi.X32, count=3, failed=failed)
    for observed in (run(call("read"), *calls), run(call("read"), some)):
        policy = synthesize(profile(observed))
        assert policy.abis == (Abi.X32, Abi.X86_64)
        assert not policy.dropped()


def test_a_probe_in_one_run_is_a_use_in_another() -> None:
    probe = call("getpid", abi=Abi.X32, failed=1)
    policy = synthesize(profile(run(call("read"), probe), run(call("getpid", abi=Abi.X32))))
    assert policy.abis == (Abi.X32, Abi.X86_64)
    assert not policy.dropped()


def test_an_abi_is_kept_for_a_pin() -> None:
    pinned = Intent(allow=(Syscall("getpid", Abi.X32),))
    policy = synthesize(profile(run(call("read"), call("getpid", abi=Abi.X32, failed=1))), pinned)
    assert policy.abis == (Abi.X32, Abi.X86_64)


@pytest.mark.parametrize(
    ("seen", "more"),
    [
        (call("execve"), set()),
        (call("exit_group", abi=Abi.I386), {"clock_gettime64", "clock_getres_time64"}),
    ],
)
def test_what_the_vdso_serves_is_always_allowed(seen: SyscallCount, more: set[str]) -> None:
    policy = synthesize(profile(run(seen)))
    names = {call.name for call in policy.calls() if call.abi is seen.call.abi}
    clocks = {"clock_getres", "clock_gettime", "getcpu", "gettimeofday", "time"}
    assert names >= clocks | more
    assert not names & ({"clock_gettime64", "clock_getres_time64"} - more)


def test_a_class_that_was_recorded_by_its_number_has_its_name() -> None:
    counted = ClassCount("0xaa00", 2, 1, ("server",))
    entry = msgspec.structs.replace(call("ioctl", count=2, denied=1), classes=(counted,))
    policy = synthesize(profile(run(call("read"), entry)))
    assert parse_event("ioctl(USERFAULTFD_IOC_NEW)") in policy.events()
    assert policy.replays[0].denied == (parse_event("ioctl(USERFAULTFD_IOC_NEW)"),)


def test_implied_calls_follow_their_causes() -> None:
    policy = synthesize(profile(run(call("rt_sigaction"), call("poll"))))
    assert {each.event.name for each in policy.entries if each.follows} == {
        "rt_sigreturn",
        "restart_syscall",
    }


def test_unnamed_numbers_are_left_out() -> None:
    assert synthesize(profile(run(call("read"), call("syscall_500")))).names() == ("read",)


def test_evidence_names_phases_processes_and_runs() -> None:
    recorded = profile(
        run(call("read", Phase.START, process="sh", count=2)),
        run(call("read", Phase.SERVE, process="server", count=5), workload="http"),
    )
    (allowed,) = synthesize(recorded).entries
    assert allowed.count == 7
    assert allowed.evidence.phases == (Phase.START, Phase.SERVE)
    assert allowed.evidence.processes == ("server", "sh")
    assert allowed.evidence.runs == ("none@default", "http@default")
