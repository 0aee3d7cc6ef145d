"""What was denied and what would be, and what a policy has to say of each."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from beacon.model.denial import Denial, DenialKind, Standing
from beacon.model.entry import Entry
from beacon.model.environment import Environment
from beacon.model.event import Abi, Capability, Event, Phase, Syscall
from beacon.model.intent import Intent
from beacon.model.observation import ClassCount, Holding, Observation, SyscallCount
from beacon.model.policy import Policy, Replay
from beacon.model.run import Ending
from beacon.synthesis.denials import Judge
from builders import call, check
from unit.export.policies import by_classes, plain


def judged(
    *syscalls: SyscallCount, policy: Policy | None = None, capabilities: tuple[str, ...] = ()
) -> dict[str, Denial]:
    asked = tuple(check(name, granted=False) for name in capabilities)
    found = Judge(policy).denials(Observation(syscalls=syscalls, capabilities=asked))
    return {f"{each.kind} {each.event}": each for each in found}


def test_what_was_denied_in_whatever_phase() -> None:
    found = judged(
        call("read"),
        call("mount", Phase.START, count=0, denied=2, process="a"),
        call("mount", Phase.EXEC, count=3, denied=5, process="b"),
        capabilities=("CAP_SYS_ADMIN",),
    )
    assert found == {
        "denied mount": Denial(
            event=Syscall("mount"),
            kind=DenialKind.DENIED,
            standing=Standing.NO_POLICY,
            count=7,
            processes=("a", "b"),
        ),
        "denied CAP_SYS_ADMIN": Denial(
            event=Capability("CAP_SYS_ADMIN"),
            kind=DenialKind.DENIED,
            standing=Standing.NO_POLICY,
            count=1,
            processes=("server",),
        ),
    }


def test_signals_are_told_apart() -> None:
    found = judged(call("mount", count=0, killed=1), call("bpf", count=0, trapped=2))
    assert {name: each.count for name, each in found.items()} == {
        "killed mount": 1,
        "trapped bpf": 2,
    }


def test_capabilities_that_decide_nothing_are_not_denied() -> None:
    asked = (
        check("CAP_CHOWN", granted=False, decisive=False),
        check("CAP_KILL", granted=False, foreign=True),
        check("CAP_SETUID", Phase.RUNTIME, granted=False),
        msgspec.structs.replace(check("CAP_SETGID", granted=False), holding=Holding.CAPSET),
    )
    assert Judge(None).denials(Observation(syscalls=(), capabilities=asked)) == ()


def test_what_the_policy_would_deny() -> None:
    seen = (call("read"), call("mount"), call("getppid", abi=Abi.I386), check("CAP_CHOWN"))
    observation = Observation(
        syscalls=tuple(e for e in seen if isinstance(e, SyscallCount)), capabilities=(seen[3],)
    )
    found = Judge(plain()).denials(observation)
    assert {(str(each.event), each.kind, each.standing) for each in found} == {
        ("mount", DenialKind.WOULD_BE, Standing.BEYOND),
        ("i386:getppid", DenialKind.WOULD_BE, Standing.BEYOND),
        ("CAP_CHOWN", DenialKind.WOULD_BE, Standing.BEYOND),
    }


def test_argument_classes_are_judged_each() -> None:
    inet, alg = "AF_INET,SOCK_STREAM,IPPROTO_TCP", "0x26,SOCK_STREAM,0x0"
    entry = SyscallCount(
        call=Syscall("socket"),
        phase=Phase.SERVE,
        count=3,
        denied=0,
        first_ns=1,
        processes=("x",),
        classes=(ClassCount(inet, 1, 0, ("x",)), ClassCount(alg, 2, 0, ("y",))),
    )
    found = judged(entry, policy=by_classes(("socket", inet)))
    (denial,) = found.values()
    assert (denial.event, denial.count) == (Syscall("socket", argument=alg), 2)
    assert denial.processes == ("y",)


def with_history() -> Policy:
    replay = Replay(
        environment=Environment(),
        workload="none",
        ending=Ending.SERVED,
        exit_code=0,
        checks=(),
        denied=(Syscall("clone3"),),
        refused=("CAP_SYS_NICE",),
        signalled=(Syscall("bpf"),),
    )
    made = plain()
    dropped = Entry(event=Syscall("ptrace"), allowed=False, count=1)
    return msgspec.structs.replace(
        made,
        entries=(*made.entries, dropped),
        intent=Intent(deny=(Syscall("keyctl"),)),
        replays=(replay,),
    )


@pytest.mark.parametrize(
    ("name", "standing"),
    [
        ("keyctl", Standing.INTENDED),
        ("ptrace", Standing.INTENDED),
        ("clone3", Standing.RECORDED),
        ("bpf", Standing.RECORDED),
        ("mount", Standing.BEYOND),
        ("read", Standing.ALLOWED),
    ],
)
def test_standing(name: str, standing: Standing) -> None:
    (denial,) = judged(call(name, count=0, denied=1), policy=with_history()).values()
    assert denial.standing is standing
    assert denial.unexpected == (standing in (Standing.BEYOND, Standing.ALLOWED))


def test_standing_of_capabilities() -> None:
    found = judged(policy=with_history(), capabilities=("CAP_SYS_NICE", "CAP_SETUID", "CAP_BPF"))
    standings = [each.standing for each in found.values()]
    assert standings == [Standing.RECORDED, Standing.ALLOWED, Standing.BEYOND]


_CALLS = st.lists(
    st.builds(
        call,
        st.sampled_from(["read", "mount", "keyctl", "ptrace"]),
        st.sampled_from(list(Phase)),
        count=st.integers(0, 5),
        denied=st.integers(0, 5),
        killed=st.integers(0, 2),
    ),
    max_size=8,
)


@given(_CALLS, st.booleans())
def test_nothing_is_lost_and_nothing_is_made_up(seen: list[SyscallCount], policed: bool) -> None:
    policy = with_history() if policed else None
    found = Judge(policy).denials(Observation(syscalls=tuple(seen)))
    keys: list[tuple[Event, DenialKind]] = [(each.event, each.kind) for each in found]
    assert len(keys) == len(set(keys))
    sums = {kind: sum(e.count for e in found if e.kind is kind) for kind in DenialKind}
    assert sums[DenialKind.DENIED] == sum(each.denied for each in seen)
    assert sums[DenialKind.KILLED] == sum(each.killed for each in seen)
    outside = (each.count for each in seen if each.call.name != "read")
    assert sums[DenialKind.WOULD_BE] == (sum(outside) if policed else 0)
