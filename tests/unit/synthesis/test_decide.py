from __future__ import annotations

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from beacon.data.cves import cves
from beacon.data.kernel import tables
from beacon.model.entry import Basis, Entry
from beacon.model.environment import Environment
from beacon.model.event import Abi, Event, Phase, Syscall, parse_event
from beacon.model.intent import PRESETS, Intent
from beacon.model.observation import ClassCount, SyscallCount
from beacon.model.run import Run
from beacon.scoring.security import SecurityScorer
from beacon.synthesis.decide import decide
from builders import call, check, run

NAMES = st.sampled_from(sorted(tables().syscalls[Abi.X86_64]))
CAPABILITIES = st.sampled_from(sorted(tables().capabilities))
PHASES = st.sampled_from(list(Phase))
SHARES = st.floats(0, 1)
ENVIRONMENTS = st.sampled_from(
    [Environment.of(each) for each in ((), [("init", "yes")], [("dns", "rotate")])]
)


@st.composite
def runs(draw: st.DrawFn) -> list[Run]:
    def one() -> Run:
        calls = draw(st.lists(st.tuples(NAMES, PHASES), max_size=12))
        checks = draw(st.lists(st.tuples(CAPABILITIES, PHASES), max_size=4))
        observed = run(
            *(call(name, phase) for name, phase in calls),
            capabilities=tuple(check(name, phase) for name, phase in checks),
        )
        return msgspec.structs.replace(observed, environment=draw(ENVIRONMENTS))

    return [one() for _ in range(draw(st.integers(1, 4)))]


def allowed(entries: list[Entry]) -> set[Event]:
    return {entry.event for entry in entries if entry.allowed}


def by(observed: list[Run], security: float, functionality: float) -> set[Event]:
    return allowed(decide(observed, Intent(security=security, functionality=functionality), cves()))


@given(runs(), SHARES, SHARES, SHARES)
def test_weights_are_monotone(observed: list[Run], low: float, high: float, other: float) -> None:
    low, high = sorted((low, high))
    assert by(observed, high, other) <= by(observed, low, other)
    assert by(observed, other, low) <= by(observed, other, high)


@given(runs())
def test_presets_are_nested(observed: list[Run]) -> None:
    strict, balanced, open_ = (
        allowed(decide(observed, PRESETS[name], cves()))
        for name in ("strict", "balanced", "availability")
    )
    assert strict <= balanced <= open_
    assert open_ >= {event for each in observed for event in each.observation.events()}


@given(runs())
def test_balance_keeps_what_the_default_environment_needs(observed: list[Run]) -> None:
    default = msgspec.structs.replace(observed[0], environment=Environment())
    others = [each for each in observed[1:] if each.environment.settings]
    assert by([default, *others], 0.5, 0.5) >= default.observation.events()


@given(runs(), SHARES, SHARES)
def test_more_that_matters_drops_nothing(observed: list[Run], s: float, f: float) -> None:
    few, many = (
        allowed(decide(observed, Intent(security=s, functionality=f, matter=matter), ()))
        for matter in (("init",), ("init", "dns"))
    )
    assert few <= many


@given(runs(), SHARES, SHARES)
def test_the_same_for_the_same_in_any_order(observed: list[Run], s: float, f: float) -> None:
    intent = Intent(security=s, functionality=f)
    forth, back = decide(observed, intent, cves()), decide(observed[::-1], intent, cves())
    assert [(d.event, d.allowed) for d in forth] == [(d.event, d.allowed) for d in back]


@given(runs())
def test_the_floor_is_kept_unless_the_intent_says_so(observed: list[Run]) -> None:
    beginning = {Phase.RUNTIME, Phase.START}
    floor = {
        entry.call
        for each in observed
        if not each.environment.settings
        for entry in each.observation.syscalls
        if entry.phase in beginning
    }
    assert floor <= by(observed, 1.0, 0.0)
    without = Intent(security=1.0, functionality=0.0, floor=False)
    decided = decide(observed, without, cves())
    assert all(not d.allowed for d in decided if d.security.value > 0)


CLASSED = st.sampled_from(
    [
        *(("clone", flag) for flag in ("plain", "CLONE_NEWUSER", "CLONE_NEWNS", "CLONE_NEWIPC")),
        *(("unshare", flag) for flag in ("CLONE_NEWUSER", "CLONE_NEWNS", "CLONE_NEWIPC")),
        *(("setns", flag) for flag in ("plain", "CLONE_NEWUSER")),
        *(("mount", flag) for flag in ("plain", "MS_REMOUNT")),
        *(("recvmmsg", flag) for flag in ("plain", "MSG_PEEK")),
        ("ptrace", "PTRACE_TRACEME"),
        ("futex", "FUTEX_REQUEUE"),
        ("keyctl", "KEYCTL_READ"),
    ]
)
WHOLE = st.sampled_from(
    ["clone3", "io_uring_setup", "fsopen", "fsconfig", "mount_setattr", "open_tree", "add_key",
     "keyctl", "userfaultfd", "futex_requeue", "recvmsg", "socket", "sendmsg", "splice", "mmap"]
)  # fmt: skip


@st.composite
def stand_ins_and_more(draw: st.DrawFn) -> list[Run]:
    """Runs whose calls do what others do, some of them needed to become ready."""

    def one() -> Run:
        classed = draw(st.lists(st.tuples(CLASSED, PHASES), max_size=8))
        whole = draw(st.lists(st.tuples(WHOLE, PHASES), max_size=8))
        checks = draw(st.lists(st.tuples(CAPABILITIES, PHASES), max_size=3))
        observed = run(
            *(with_class(*part, phase) for part, phase in classed),
            *(call(name, phase) for name, phase in whole),
            capabilities=tuple(check(name, phase) for name, phase in checks),
        )
        return msgspec.structs.replace(observed, environment=draw(ENVIRONMENTS))

    return [one() for _ in range(draw(st.integers(1, 4)))]


def with_class(name: str, argument: str, phase: Phase) -> SyscallCount:
    part = (ClassCount(argument, 1, 0, ("server",)),)
    return msgspec.structs.replace(call(name, phase), classes=part)


@settings(deadline=None)  # all known CVEs are weighed twice
@given(stand_ins_and_more(), SHARES, SHARES)
def test_nothing_is_dropped_for_a_gain_that_another_nullifies(
    observed: list[Run], s: float, f: float
) -> None:
    decided = decide(observed, Intent(security=s, functionality=f), cves())
    kept = frozenset(allowed(decided))
    security = SecurityScorer(cves(), frozenset(d.event for d in decided))
    for each in decided:
        if not each.allowed:
            bought = security.score(each.event, kept)
            assert bought == each.security
            assert f * each.functionality.value < s * bought.value


def test_a_namespace_that_clone3_makes_anyway_is_not_dropped_in_vain() -> None:
    maker = [with_class("unshare", "CLONE_NEWUSER", Phase.SERVE), call("fsopen"), call("fsconfig")]
    strict = Intent(security=1.0, functionality=0.1)
    unshare = parse_event("unshare(CLONE_NEWUSER)")
    alone, beside = (
        {d.event: d for d in decide([run(*maker, *more)], strict, cves())}
        for more in ([], [call("clone3", Phase.START)])
    )
    assert not alone[unshare].allowed
    assert alone[unshare].security.value > 0
    assert beside[unshare].allowed
    assert beside[unshare].security.value == 0
    # Where it is not needed, both go.
    both = {d.event: d.allowed for d in decide([run(*maker, call("clone3"))], strict, cves())}
    assert not both[unshare]
    assert not both[Syscall("clone3")]


def test_what_a_denied_call_falls_back_to_does_its_work() -> None:
    observed = [run(call("clone3", Phase.START), call("read"))]
    pinned = Intent(deny=(parse_event("clone3"),), security=1.0, functionality=0.0)
    decided = {d.event: d for d in decide(observed, pinned, cves())}
    assert decided[parse_event("clone(plain)")].because == "needed to become ready"
    assert decided[parse_event("clone(plain)")].functionality.value == 1.0


def test_pins_decide() -> None:
    observed = [run(call("read"), call("write", Phase.START))]
    pinned = Intent(
        allow=(parse_event("ptrace"),), deny=(parse_event("write"), parse_event("read"))
    )
    decided = {d.event: d for d in decide(observed, pinned, cves())}
    assert decided[Syscall("ptrace")].allowed
    assert not decided[Syscall("write")].allowed
    assert decided[Syscall("read")].because == "pinned: always denied"


def test_runs_that_are_ignored_are_no_evidence() -> None:
    other = msgspec.structs.replace(
        run(call("ptrace")), environment=Environment.of((("init", "y"),))
    )
    observed = [run(call("read")), other]
    assert Syscall("ptrace") in allowed(decide(observed, Intent(), cves()))
    assert Syscall("ptrace") not in allowed(decide(observed, Intent(ignore=("init",)), cves()))


def test_to_ignore_everything_leaves_the_default_environment_and_what_matters() -> None:
    def inside(name: str, *settings: tuple[str, str]) -> Run:
        return msgspec.structs.replace(run(call(name)), environment=Environment.of(settings))

    def shown(*matter: str) -> set[str]:
        intent = Intent(ignore=("*",), matter=matter)
        decided = allowed(decide(observed, intent, ()))
        return {event.name for event in decided} & {"read", "ptrace", "mount"}

    init, tty = ("init", "yes"), ("tty", "yes")
    observed = [run(call("read")), inside("ptrace", init), inside("mount", init, tty)]
    assert shown() == {"read"}
    assert shown("init") == {"read", "ptrace"}
    assert shown("init", "tty=yes") == {"read", "ptrace", "mount"}


def test_siblings_count_half_and_certain_ones_whole() -> None:
    decided = {d.event: d for d in decide([run(call("clone3"), call("read"))], Intent(), cves())}
    assert decided[parse_event("clone(plain)")].functionality.value == 0.5
    assert Syscall("clone") not in decided
    assert decided[Syscall("exit")].functionality.value == 1.0
    assert decided[Syscall("exit")].basis is Basis.INFERRED
    assert decided[Syscall("exit")].source == "every thread ends with it"
    assert decided[Syscall("read")].basis is Basis.SEEN


def test_what_threads_do_by_chance_stays_with_them() -> None:
    strict = PRESETS["strict"]
    decided = {d.event: d for d in decide([run(call("clone", Phase.START))], strict, cves())}
    wait = decided[parse_event("futex(FUTEX_WAIT)")]
    assert (wait.allowed, wait.because) == (True, "needed to become ready")


def test_musl_is_told_by_what_it_does_not_call() -> None:
    musl = [call("set_tid_address", Phase.START), call("futex")]
    glibc = [*musl, call("set_robust_list", Phase.START)]
    runtime = [*musl, call("set_robust_list", Phase.RUNTIME)]
    requeue = parse_event("futex(FUTEX_REQUEUE)")

    def infers(calls: list[SyscallCount]) -> bool:
        return requeue in {d.event for d in decide([run(*calls)], Intent(), cves())}

    threads = [replace_classes(calls, "FUTEX_WAKE") for calls in (musl, glibc, runtime)]
    assert [infers(calls) for calls in threads] == [True, False, True]


def replace_classes(calls: list[SyscallCount], argument: str) -> list[SyscallCount]:
    part = (ClassCount(argument, 1, 0, ("server",)),)
    return [
        msgspec.structs.replace(each, classes=part) if each.call.name == "futex" else each
        for each in calls
    ]


def test_what_is_pinned_as_denied_opens_nothing() -> None:
    # Two sockets lead to CVE-2014-2851; without the one the other decides.
    one = parse_event("socket(AF_INET,SOCK_DGRAM,IPPROTO_ICMP)")
    other = parse_event("socket(AF_INET6,SOCK_DGRAM,IPPROTO_ICMPV6)")
    both = Intent(security=0.7, functionality=0.25, allow=(one, other))
    alone = msgspec.structs.replace(both, allow=(one,), deny=(other,))
    found = [
        next(d for d in decide([run(call("read"))], intent, cves()) if d.event == one)
        for intent in (both, alone)
    ]
    assert found[0].security.value < found[1].security.value


def test_only_abis_that_were_seen() -> None:
    decided = decide([run(call("execve", abi=Abi.I386), call("clone", abi=Abi.I386))], Intent(), ())
    calls = [d.event for d in decided if isinstance(d.event, Syscall)]
    assert {event.abi for event in calls} == {Abi.I386}
    assert Syscall("futex", Abi.I386) in calls
