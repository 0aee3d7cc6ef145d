from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from beacon.data.cves import cves
from beacon.data.kernel import tables
from beacon.data.surface import HARMLESS, is_harmless
from beacon.model.entry import Entry
from beacon.model.event import Abi, Capability, Event, Phase, Syscall
from beacon.model.intent import PRESETS, Intent, Reserve
from beacon.model.launch import Launch
from beacon.model.policy import Policy
from beacon.model.profile import Profile
from beacon.model.reach import Caller, Reach, Reachable, Scope, Unresolved
from beacon.model.run import Run
from beacon.scoring.security import Candidates, routes
from beacon.synthesis.coverage import covers
from beacon.synthesis.explain import explain
from beacon.synthesis.synthesize import synthesize
from builders import call, check, profile, run

NAMES = sorted(tables().syscalls[Abi.X86_64])
NGINX = Caller("/usr/sbin/nginx", "/lib/libc.so.6", "readv")
HARMLESS_INTENT = Intent(reserve=Reserve.HARMLESS)


def reaching(recorded: Profile, *names: str, scope: Scope = Scope.RUN) -> Profile:
    calls = tuple(Reachable(name, scope, (NGINX,)) for name in names)
    return msgspec.structs.replace(recorded, reach=Reach(calls))


def derive(seen: Iterable[str], reach: Iterable[str], intent: Intent = HARMLESS_INTENT) -> Policy:
    return synthesize(reaching(profile(run(*map(call, seen))), *reach), intent)


def unseen(policy: Policy) -> list[Entry]:
    return [each for each in policy.entries if each.unseen]


def open_cves(events: Iterable[Event]) -> set[str]:
    candidates = Candidates(events)
    return {cve.id for cve in cves() if cve.counts and routes(cve, candidates)}


def test_harmless_calls_within_reach_are_allowed_and_marked() -> None:
    policy = derive(["read"], ["read", "readv", "ptrace"])
    assert policy.names() == ("read", "readv")
    (readv,) = [each for each in policy.entries if each.event == Syscall("readv")]
    assert readv.count == 0
    assert readv.reserve
    assert readv.source == "/usr/sbin/nginx imports readv (/lib/libc.so.6)"
    assert "no known attack" in readv.because


def test_what_is_dangerous_is_denied_and_named() -> None:
    policy = derive(["read"], ["read", "readv", "ptrace", "io_uring_setup"])
    denied = unseen(policy)
    calls = [each.event for each in denied if isinstance(each.event, Syscall)]
    assert calls == [Syscall("io_uring_setup"), Syscall("ptrace")]
    assert all(each.security.value > HARMLESS and each.callers for each in denied)
    assert policy.reach is not None
    assert policy.reach.sentence() == (
        "programs can make 4 calls: 1 was seen, 1 is in the reserve, 2 are denied"
    )


def test_what_was_seen_and_denied_is_not_called_unseen() -> None:
    policy = derive(["read", "ptrace"], ["read", "ptrace"], Intent(deny=(Syscall("ptrace"),)))
    assert not unseen(policy)
    (found,) = explain(policy, Syscall("ptrace"), ())
    assert found.because == "pinned: always denied"


def test_none_allows_what_was_seen_and_still_says_what_was_not() -> None:
    policy = derive(["read"], ["read", "readv"], Intent(reserve=Reserve.NONE))
    assert policy.names() == ("read",)
    assert [each.event for each in unseen(policy)] == [Syscall("readv")]


def test_reachable_allows_all_of_it_but_for_pins() -> None:
    intent = Intent(reserve=Reserve.REACHABLE, deny=(Syscall("ptrace"),))
    policy = derive(["read"], ["readv", "ptrace", "splice"], intent)
    assert policy.names() == ("read", "readv", "splice")


@pytest.mark.parametrize("reserve", [Reserve.HARMLESS, Reserve.REACHABLE])
def test_nothing_that_docker_s_default_filter_denies(reserve: Reserve) -> None:
    reach = ["create_module", "lsm_list_modules", "bpf", "readv"]
    policy = derive(["read"], reach, Intent(reserve=reserve))
    assert policy.names() == ("read", "readv")
    assert Syscall("create_module") in {each.event for each in unseen(policy)}


@pytest.mark.parametrize("refused", [{"denied": 1}, {"killed": 1}, {"trapped": 1}])
def test_nothing_that_was_refused_when_it_was_recorded(refused: dict[str, Any]) -> None:
    recorded = profile(run(call("read"), call("readv", count=0, **refused)))
    policy = synthesize(reaching(recorded, "readv", "writev"), HARMLESS_INTENT)
    assert policy.names() == ("read", "writev")


def test_without_an_analysis_there_is_no_reserve() -> None:
    policy = synthesize(profile(run(call("read"))), HARMLESS_INTENT)
    assert policy.names() == ("read",)
    assert policy.reach is None
    assert not unseen(policy)


def test_the_scope_decides_whose_calls_count() -> None:
    recorded = reaching(profile(run(call("read"))), "readv", scope=Scope.IMAGE)
    assert synthesize(recorded, HARMLESS_INTENT).names() == ("read",)
    whole = msgspec.structs.replace(HARMLESS_INTENT, reach=Scope.IMAGE)
    assert synthesize(recorded, whole).names() == ("read", "readv")


def test_unresolved_places_are_counted_within_the_scope() -> None:
    reach = Reach(
        unresolved=(
            Unresolved("/bin/a", "number in a variable", 2, Scope.RUN),
            Unresolved("/bin/b", "number in a variable", 3, Scope.IMAGE),
        )
    )
    recorded = msgspec.structs.replace(profile(run(call("read"))), reach=reach)
    policy = synthesize(recorded, HARMLESS_INTENT)
    assert policy.reach
    assert policy.reach.unresolved == 2


def test_a_call_whose_class_was_dropped_or_pinned_is_not_let_in_whole() -> None:
    intent = msgspec.structs.replace(HARMLESS_INTENT, deny=(Syscall("fcntl", argument="F_SETSIG"),))
    policy = derive(["read"], ["fcntl"], intent)
    assert Syscall("fcntl") not in policy.events()
    assert Syscall("fcntl", argument="F_SETSIG") not in policy.events()


def test_nothing_that_only_newer_runtimes_can_filter() -> None:
    policy = derive(["read"], ["close_range", "readv"])
    assert policy.names() == ("read", "readv")
    assert "close_range" in policy.not_implemented


def test_nothing_for_a_container_of_another_abi() -> None:
    recorded = reaching(profile(run(call("getuid32", abi=Abi.I386))), "readv")
    assert synthesize(recorded, HARMLESS_INTENT).names() == ("getuid32",)


def test_presets() -> None:
    recorded = reaching(profile(run(call("read"))), "readv")
    names = {name: synthesize(recorded, intent).names() for name, intent in PRESETS.items()}
    assert names["availability"] == names["balanced"] == ("read", "readv")
    assert names["strict"] == ("read",)


def privileged(launch: Launch | None = None) -> Profile:
    seen = run(call("bind"), call("chown"), capabilities=(check("CAP_CHOWN", during="chown"),))
    return reaching(profile(seen, launch=launch), "bind", "setuid")


def test_a_capability_that_is_worth_little_is_in_the_reserve() -> None:
    policy = synthesize(privileged(), HARMLESS_INTENT)
    rights = (each for each in policy.entries if isinstance(each.event, Capability))
    held = {each.event.name: each.source for each in rights if each.allowed}
    assert held == {"CAP_CHOWN": None, "CAP_NET_BIND_SERVICE": "asked for in bind"}
    assert Capability("CAP_SETUID") in {each.event for each in unseen(policy)}


def test_no_capability_for_a_container_that_has_none_of_its_own() -> None:
    policy = derive(["read", "bind"], ["bind", "setuid"])
    assert not policy.capabilities()


@pytest.mark.parametrize(
    "launch", [Launch(cap_drop=("ALL",)), Launch(cap_drop=("setuid", "NET_BIND_SERVICE"))]
)
def test_no_capability_that_the_launch_lacks(launch: Launch) -> None:
    policy = synthesize(privileged(launch), HARMLESS_INTENT)
    assert "CAP_NET_BIND_SERVICE" not in policy.capabilities()
    assert Capability("CAP_SETUID") not in {each.event for each in unseen(policy)}


SEEN = st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(list(Phase))), max_size=15)
REACHED = st.lists(st.sampled_from(NAMES), max_size=60)
SHARES = st.floats(0, 1)


@settings(deadline=None, max_examples=40)
@given(SEEN, REACHED, SHARES, SHARES)
def test_it_opens_no_known_attack(
    seen: list[tuple[str, Phase]], reach: list[str], security: float, functionality: float
) -> None:
    recorded = reaching(profile(run(call("read"), *(call(*each) for each in seen))), *reach)
    intent = Intent(security=security, functionality=functionality)
    without = synthesize(recorded, intent).events()
    with_it = synthesize(recorded, msgspec.structs.replace(intent, reserve=Reserve.HARMLESS))
    assert without <= with_it.events()
    assert open_cves(with_it.events()) == open_cves(without)
    reserve = (each.event for each in with_it.entries if each.reserve)
    assert all(is_harmless(event) for event in reserve if isinstance(event, Syscall))


@settings(deadline=None, max_examples=40)
@given(SEEN, REACHED, SHARES, SHARES, SHARES)
def test_weights_stay_monotone(
    seen: list[tuple[str, Phase]], reach: list[str], low: float, high: float, other: float
) -> None:
    low, high = sorted((low, high))
    recorded = reaching(profile(run(call("read"), *(call(*each) for each in seen))), *reach)

    def by(security: float, functionality: float) -> set[Event]:
        wanted = Intent(security=security, functionality=functionality, reserve=Reserve.HARMLESS)
        return set(synthesize(recorded, wanted).events())

    assert _within(by(high, other), by(low, other))
    assert _within(by(other, low), by(other, high))


def _within(few: set[Event], many: set[Event]) -> bool:
    """Whether whatever a filter of the first lets through, one of the second does."""
    return all(e in many or any(covers(m, e, [Abi.X86_64]) for m in many) for e in few)


@settings(deadline=None, max_examples=30)
@given(SEEN, REACHED)
@example([], ["personality"])  # Docker's filter lets some of its classes through
def test_the_wider_the_reserve_the_more_is_allowed(
    seen: list[tuple[str, Phase]], reach: list[str]
) -> None:
    recorded: Run = run(call("read"), *(call(*each) for each in seen))
    none, harmless, reachable = (
        set(synthesize(reaching(profile(recorded), *reach), Intent(reserve=reserve)).events())
        for reserve in Reserve
    )
    assert none <= harmless
    calls: set[Event] = {event for event in harmless if isinstance(event, Syscall)}
    assert _within(calls, reachable)
