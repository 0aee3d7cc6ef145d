"""What runs did beyond a policy, judged by its intent and added."""

from __future__ import annotations

from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from beacon.data.kernel import tables
from beacon.model.entry import Basis, Entry
from beacon.model.event import Abi, Capability, Phase, Syscall, parse_event
from beacon.model.intent import Intent
from beacon.model.launch import Launch
from beacon.model.observation import ClassCount
from beacon.model.policy import Policy, ReachSummary
from beacon.model.reach import Caller, Scope
from beacon.model.run import Ending, Run
from beacon.synthesis.beyond import as_if_allowed, beyond
from beacon.synthesis.explain import explain
from beacon.synthesis.heal import healed
from beacon.synthesis.remedy import remedy
from beacon.synthesis.synthesize import synthesize
from builders import call, check, profile, run

NAMES = sorted(tables().syscalls[Abi.X86_64])
CAPABILITIES = sorted(f"CAP_{name}" for name in ("CHOWN", "KILL", "SETUID", "NET_BIND_SERVICE"))
AT = "2026-01-01T00:00:00Z"


def without(policy: Policy, *events: str) -> Policy:
    gone = {parse_event(event) for event in events}
    return replace(policy, entries=tuple(e for e in policy.entries if e.event not in gone))


def heal(policy: Policy, runs: Iterable[Run], enforced: Policy | None = None) -> Policy:
    enforced = enforced or policy
    found = remedy(policy, enforced, runs)
    return healed(policy, enforced, found, image="sha256:1", at=AT)


def because(policy: Policy, runs: Iterable[Run], event: str) -> str:
    (found,) = [m for m in remedy(policy, policy, runs).missing if str(m.event) == event]
    assert not found.allowed
    return found.because


@given(
    st.lists(st.sampled_from(NAMES), min_size=1, max_size=20, unique=True),
    st.lists(st.sampled_from(CAPABILITIES), unique=True),
    st.data(),
)
def test_what_was_taken_out_of_a_policy_comes_back(
    names: list[str], capabilities: list[str], data: st.DataObject
) -> None:
    seen = run(*map(call, names), capabilities=tuple(map(check, capabilities)))
    policy = synthesize(profile(seen), known=())
    gone = data.draw(st.lists(st.sampled_from([*names, *capabilities]), unique=True))
    for enforced in (None, without(policy, *gone)):
        base = policy if enforced else without(policy, *gone)
        again = heal(base, [seen], enforced)
        assert again.events() == policy.events()
        assert again.entries == policy.entries if enforced else again.names() == policy.names()
        assert again.not_implemented == policy.not_implemented
        assert again.abis == policy.abis
        assert {e for each in again.healed for e in each.events} <= policy.events()
        assert not remedy(again, again, [seen], ()).missing


def test_what_follows_from_a_call_is_not_added_beside_a_rule_that_covers_it() -> None:
    """Threads of `clone` wait by futex, which is allowed whatever its arguments."""
    seen = run(call("clone"), call("futex"))
    policy = synthesize(profile(seen), known=())
    assert heal(without(policy, "clone"), [seen]).events() == policy.events()


@given(st.lists(st.sampled_from(NAMES), max_size=20), st.lists(st.sampled_from(NAMES), max_size=20))
def test_healing_never_takes_away(names: list[str], more: list[str]) -> None:
    policy = synthesize(profile(run(call("read"), *map(call, names))), known=())
    assert heal(policy, [run(*map(call, more))]).events() >= policy.events() | {
        Syscall(name) for name in more
    }


def test_who_what_and_when() -> None:
    policy = synthesize(profile(run(call("read"))))
    seen = run(
        call("read"),
        call("sendfile", count=3, process="nginx"),
        call("sendfile", Phase.SHUTDOWN, process="helper"),
        workload="http",
    )
    (found,) = remedy(policy, policy, [seen]).missing
    assert found.sentence() == "sendfile, 4 times in serve, shutdown, by helper, nginx"
    assert (found.allowed, found.intended) == (True, False)
    assert found.because == "functionality 1 * 1.00 >= security 0 * 0.72"
    after = heal(policy, [seen])
    (entry,) = [each for each in after.entries if each.event.name == "sendfile"]
    assert (entry.count, entry.evidence.runs) == (4, ("http@default",))
    assert explain(after, Syscall("sendfile"), ())[0].healed == AT
    (journal,) = after.healed
    assert (journal.events, journal.image, journal.at) == ((Syscall("sendfile"),), "sha256:1", AT)


def test_a_pin_and_what_was_dropped_stay_denied() -> None:
    pinned = Intent(deny=(Syscall("kill"),))
    policy = synthesize(profile(run(call("read"))), pinned)
    assert because(policy, [run(call("kill"))], "kill") == "pinned: always denied"
    seen = run(call("read"), call("ptrace"))
    strict = Intent(security=1.0, functionality=0.01)
    dropped = synthesize(profile(seen), strict)
    (found,) = remedy(dropped, dropped, [seen]).missing
    assert found.intended
    assert found.security.value > 0
    assert heal(dropped, [seen]).events() == dropped.events()


def test_a_risk_above_the_limit_of_the_intent_stays_denied() -> None:
    policy = synthesize(profile(run(call("read"))), Intent(security=1.0, functionality=0.01))
    seen = [run(call("read"), call("ptrace"))]
    (found,) = remedy(policy, policy, seen).missing
    assert (found.allowed, found.intended) == (False, False)
    assert "<" in found.because
    after = heal(policy, seen)
    assert after.names() == policy.names()
    assert after.dropped() == {Syscall("ptrace")}
    assert remedy(after, after, seen).missing[0].intended


def test_what_would_defeat_a_pin_stays_denied() -> None:
    pinned = Intent(deny=(parse_event("socket(AF_ALG,SOCK_SEQPACKET,0x0)"),))
    policy = synthesize(profile(run(call("read"))), pinned)
    said = because(policy, [run(call("socket"))], "socket")
    assert said.startswith("would defeat what is pinned as denied: socket(AF_ALG")


def test_another_abi_that_would_defeat_a_pin_stays_denied() -> None:
    seen = (call("read"), call("socket"))
    policy = synthesize(profile(run(*seen)), Intent(deny=(Syscall("socket", Abi.I386),)))
    other = run(*seen, call("getpid", abi=Abi.I386))
    assert "would defeat" in because(policy, [other], "i386:getpid")


def test_a_capability_is_never_beyond_the_launch() -> None:
    policy = synthesize(profile(run(call("read"))))
    seen = [run(call("read"), capabilities=(check("CAP_CHOWN"), check("CAP_SYS_ADMIN")))]
    assert "the launch does not grant it" in because(policy, seen, "CAP_SYS_ADMIN")
    assert heal(policy, seen).capabilities() == ("CAP_CHOWN",)
    less = replace(policy, launch=Launch(cap_drop=("CHOWN",)))
    assert heal(less, seen).capabilities() == ()


def test_a_capability_that_only_a_dropped_call_asks_for_stays_denied() -> None:
    policy = synthesize(profile(run(call("read"), call("chown"))), Intent(deny=(Syscall("chown"),)))
    seen = [run(call("chown"), capabilities=(check("CAP_CHOWN", during="chown"),))]
    assert because(policy, seen, "CAP_CHOWN") == "only chown needed it, which is denied"


def test_argument_classes_are_added_one_by_one() -> None:
    tcp, local = "AF_INET,SOCK_STREAM,IPPROTO_TCP", "AF_UNIX,SOCK_STREAM,0x0"

    def sockets(*classes: str) -> Run:
        parts = tuple(ClassCount(each, 2, 0, ("server",)) for each in classes)
        return run(call("read"), replace(call("socket", count=4), classes=parts))

    policy = synthesize(profile(sockets(tcp)), known=())
    (found,) = remedy(policy, policy, [sockets(tcp, local)], ()).missing
    assert (str(found.event), found.count) == (f"socket({local})", 2)
    both = {Syscall("socket", argument=each) for each in (tcp, local)}
    assert both <= heal(policy, [sockets(tcp, local)]).events()


def test_a_call_that_fails_counts_where_its_abi_is_used() -> None:
    used = run(call("read"), call("getpid", abi=Abi.I386))
    policy = synthesize(profile(used))
    other = run(call("getpid", abi=Abi.I386), call("keyctl", abi=Abi.I386, failed=1))
    (found,) = remedy(policy, policy, [other]).missing
    assert str(found.event) == "i386:keyctl"


def test_what_does_not_count() -> None:
    policy = synthesize(profile(run(call("read"))))
    failed = run(call("ptrace"), ending=Ending.EXITED)
    probe = run(call("getpid", abi=Abi.I386, failed=1))
    unknown = run(call("syscall_9999"))
    assert not remedy(policy, policy, [failed, probe, unknown]).missing


def test_what_the_policy_denied_counts_as_used() -> None:
    policy = synthesize(profile(run(call("read"))))
    enforced = run(
        call("read"),
        call("sendfile", count=0, denied=5),
        call("getpid", abi=Abi.I386, count=0, denied=1, killed=1),
        capabilities=(check("CAP_CHOWN", granted=False),),
    )
    assert not beyond(policy, [enforced])[0].observation.events()
    seen = beyond(policy, [as_if_allowed(policy, enforced)])[0].observation
    assert seen.events() == {Syscall("sendfile"), Capability("CAP_CHOWN")}


def test_files_that_were_narrowed() -> None:
    seen = run(call("read"), call("sendfile"), call("getpid"))
    policy = synthesize(profile(seen), known=())
    enforced = without(policy, "sendfile", "getpid")
    used = run(call("read"), call("sendfile"))
    (found,) = remedy(policy, enforced, [used], ()).missing
    assert (str(found.event), found.allowed) == ("sendfile", True)
    after = heal(policy, [used], enforced)
    assert after.names() == ("read", "sendfile")
    (out,) = [each for each in after.entries if each.dropped]
    assert (str(out.event), out.count) == ("getpid", 1)


def test_what_is_within_reach_is_seen_by_then() -> None:
    caller = Caller("/bin/server")
    callers = {"sendfile": (caller,), "socket": (caller,)}
    policy = synthesize(profile(run(call("read"))), known=())
    unseen = (
        Entry(event=Syscall(name), allowed=False, basis=Basis.REACH, callers=each)
        for name, each in callers.items()
    )
    summary = ReachSummary(scope=Scope.BESIDE, calls=3, seen=1, reserve=0, denied=2, unresolved=0)
    policy = replace(policy, reach=summary, entries=(*policy.entries, *unseen))
    local = (ClassCount("AF_UNIX,SOCK_STREAM,0x0", 1, 0, ("server",)),)
    after = heal(policy, [run(call("sendfile"), replace(call("socket"), classes=local))])
    assert after.reach == replace(summary, seen=3, denied=0)
    (left,) = [each for each in after.entries if each.unseen]
    assert (str(left.event), left.allowed_classes) == ("socket", ("AF_UNIX,SOCK_STREAM,0x0",))
