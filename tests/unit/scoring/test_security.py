from __future__ import annotations

import msgspec
import pytest

from beacon.data.cves import cves
from beacon.model.cve import Cve, Cvss, Need, Provenance, Way
from beacon.model.event import Abi, Capability, Event, parse_event
from beacon.scoring.security import Candidates, SecurityScorer, routes, serves, weight


def cve(
    *paths: tuple[Need, ...],
    capabilities: tuple[tuple[str, ...], ...] = (),
    userns: bool = False,
    kev: bool = False,
    base: float = 5.0,
) -> Cve:
    return Cve(
        id="CVE-2020-1234",
        year=2020,
        title="An example",
        product="linux",
        cvss=Cvss(version="3.1", vector="AV:L", base_score=base, by="nvd"),
        paths=paths,
        provenance=Provenance(
            sources=("here",),
            basis=("made up",),
            sure="high",
            why="It is made up.",
            settled_by="agreement",
            judged_by=(),
        ),
        capabilities=capabilities,
        userns=userns,
        kev=kev,
    )


def events(*spelt: str) -> frozenset[Event]:
    return frozenset(map(parse_event, spelt))


def score(found: Cve, event: str, *candidates: str) -> float:
    return SecurityScorer([found], events(event, *candidates)).score(parse_event(event)).value


KEYCTL, ADD_KEY, WRITE = Need("keyctl"), Need("add_key"), Need("write")
NETLINK = Need("socket", {"domain": ("AF_NETLINK",), "protocol": ("NETLINK_ROUTE",)})


def test_what_every_way_needs_counts_and_nothing_else() -> None:
    found = cve((KEYCTL, WRITE), (KEYCTL, ADD_KEY))
    assert score(found, "keyctl", "write", "add_key") == pytest.approx(0.5)
    assert score(found, "write", "keyctl", "add_key") == 0.0
    assert score(found, "write", "keyctl") == pytest.approx(0.5)  # the other way is not open


def test_a_way_that_nothing_opens_makes_nothing_risky() -> None:
    assert score(cve((KEYCTL, WRITE)), "write", "read") == 0.0


def test_what_is_allowed_already_serves_as_well() -> None:
    one, other = (
        parse_event("setsockopt(SOL_TCP,TCP_NODELAY)"),
        parse_event("setsockopt(SOL_TCP,TCP_CORK)"),
    )
    security = SecurityScorer(
        [cve((Need("setsockopt"), WRITE))], frozenset({one, other, parse_event("write")})
    )
    assert security.score(one).value == security.score(other).value == pytest.approx(0.5)
    assert security.score(one, {other}).value == 0.0
    assert security.score(parse_event("write"), {one, other}).value == pytest.approx(0.5)


def test_scores_join() -> None:
    one = SecurityScorer([cve((KEYCTL,)), cve((KEYCTL,), base=8.0)], events("keyctl"))
    assert one.score(parse_event("keyctl")).value == pytest.approx(1 - 0.5 * 0.2)
    assert [reason.weight for reason in one.score(parse_event("keyctl")).reasons] == [0.8, 0.5]


def test_known_exploits_weigh_more() -> None:
    assert weight(cve((KEYCTL,), base=6.0, kev=True)) == pytest.approx(0.84)


def test_arguments_decide() -> None:
    safe, risky = "socket(AF_INET,SOCK_STREAM,0x0)", "socket(AF_NETLINK,SOCK_RAW,NETLINK_ROUTE)"
    assert score(cve((NETLINK,)), safe, risky) == 0.0
    assert score(cve((NETLINK,)), risky, safe) == pytest.approx(0.5)
    assert score(cve((NETLINK,)), "socket") == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("event", "need", "does"),
    [
        ("clone(plain)", Need("clone", {"flags": ("CLONE_NEWUSER",)}), False),
        ("clone(CLONE_NEWUSER)", Need("clone", {"flags": ("CLONE_NEWUSER",)}), True),
        ("clone(plain)", Need("clone", {"flags": ("CLONE_UNHEARD_OF",)}), True),
        ("mmap(PROT_WRITE)", Need("mmap", {"protection": ("PROT_EXEC",)}), False),
        ("setsockopt(SOL_IP,IPT_SO_SET_REPLACE)", Need("setsockopt", {"option": ("X",)}), True),
        ("socket(AF_UNIX,SOCK_STREAM,0x0)", Need("socket", {"unheard_of": ("X",)}), True),
        ("i386:socket", NETLINK, True),
        ("sendto", NETLINK, False),
    ],
)
def test_what_cannot_be_told_is_taken_for_dangerous(event: str, need: Need, does: bool) -> None:
    assert serves(parse_event(event), need) is does


def test_capabilities_are_had_or_gained() -> None:
    found = cve((KEYCTL,), capabilities=(("CAP_NET_ADMIN",),), userns=True)
    assert routes(found, Candidates(events("keyctl"))) == []
    assert score(found, "keyctl", "CAP_NET_ADMIN") == pytest.approx(0.5)
    assert score(found, "unshare(CLONE_NEWUSER)", "keyctl") == pytest.approx(0.5)
    assert score(found, "unshare(CLONE_NEWNET)", "keyctl") == 0.0
    assert score(found, "clone", "keyctl", "unshare") == pytest.approx(0.5)


def test_a_capability_has_a_worth_of_its_own() -> None:
    alone = SecurityScorer([], events("CAP_SYS_ADMIN", "CAP_LEASE"))
    assert alone.score(Capability("CAP_SYS_ADMIN")).value == 1.0
    assert alone.score(Capability("CAP_LEASE")).value == pytest.approx(0.05)


def test_controls_count_for_nothing() -> None:
    controls = [each for each in cves() if each.control]
    used = {need.call for each in controls for path in each.paths for need in path}
    nothing = SecurityScorer(controls, frozenset(map(parse_event, used)))
    assert all(nothing.score(parse_event(name)).value == 0 for name in used)


@pytest.mark.parametrize("door", ["i386:socketcall", "io_uring_setup", "i386:getpid"])
def test_where_a_filter_is_blind_conditions_prove_nothing(door: str) -> None:
    safe = "socket(AF_INET,SOCK_STREAM,0x0)"
    assert routes(cve((NETLINK,)), Candidates(events(safe))) == []
    assert routes(cve((NETLINK,)), Candidates(events(safe, door)))


def test_what_another_call_does_unseen_serves_an_attack_as_well() -> None:
    found = cve((Need("unshare", {"flags": ("CLONE_NEWNS",)}),))
    assert routes(found, Candidates(events("clone(CLONE_NEWNS)", "unshare(plain)"))) == []
    assert routes(found, Candidates(events("clone3"))) == [(events("clone3"),)]
    assert score(found, "unshare(CLONE_NEWNS)", "clone3") == pytest.approx(0.5)
    security = SecurityScorer([found], events("unshare(CLONE_NEWNS)", "clone3"))
    assert security.score(parse_event("unshare(CLONE_NEWNS)"), events("clone3")).value == 0.0


def test_the_effect_of_one_class_serves_no_attack_without_arguments() -> None:
    assert routes(cve((Need("mmap"),)), Candidates(events("shmat"))) == []
    executable = Need("mmap", {"protection": ("PROT_WRITE|PROT_EXEC",)})
    assert routes(cve((executable,)), Candidates(events("shmat")))
    assert (
        routes(cve((Need("mmap", {"protection": ("NONE",)}),)), Candidates(events("shmat"))) == []
    )


def test_a_user_namespace_by_a_call_that_came_later() -> None:
    found = cve((KEYCTL,), capabilities=(("CAP_NET_ADMIN",),), userns=True)
    for fixed, reached in ((None, True), ("5.3", False), ("5.4", True)):
        dated = msgspec.structs.replace(found, fixed_in=fixed)
        assert bool(routes(dated, Candidates(events("keyctl", "clone3")))) == reached
        assert routes(dated, Candidates(events("keyctl", "unshare(CLONE_NEWUSER)")))


def test_i386_leaves_conditions_on_registers_as_they_are() -> None:
    makes = cve((Need("clone", {"flags": ("CLONE_NEWUSER",)}),))
    assert routes(makes, Candidates(events("clone(plain)", "i386:getpid"))) == []
    executable = cve((Need("mmap", {"protection": ("PROT_WRITE|PROT_EXEC",)}),))
    assert routes(executable, Candidates(events("mmap(NONE)"))) == []
    assert routes(executable, Candidates(events("mmap(NONE)", "i386:getpid")))


@pytest.mark.parametrize(
    ("fixed", "reached"),
    [("5.19", False), ("5.19-rc6", False), ("5.19.2", True), ("6.0-rc1", True), ("4.15", False)],
)
def test_an_operation_that_came_after_a_fix_leads_nowhere(fixed: str, reached: bool) -> None:
    found = msgspec.structs.replace(cve((NETLINK,)), fixed_in=fixed)
    assert bool(routes(found, Candidates(events("io_uring_setup")))) == reached
    assert routes(found, Candidates(events("i386:socketcall")))


@pytest.mark.parametrize("fixed", [None, "docker 18.09.2 (runc after 1.0-rc6)", "Ubuntu 3.19.0"])
def test_what_is_no_release_of_linux_excludes_nothing(fixed: str | None) -> None:
    found = msgspec.structs.replace(cve((NETLINK,)), fixed_in=fixed)
    assert routes(found, Candidates(events("io_uring_setup")))


def test_one_of_the_calls_that_do_the_same_is_enough() -> None:
    found = cve((Need("splice", others=(Way("sendfile"),)), KEYCTL))
    assert routes(found, Candidates(events("sendfile", "keyctl")))
    assert routes(found, Candidates(events("splice", "keyctl")))
    assert routes(found, Candidates(events("keyctl", "write"))) == []
    assert score(found, "sendfile", "keyctl") == pytest.approx(0.5)
    # Where both are open, neither is free until the other is allowed.
    security = SecurityScorer([found], events("splice", "sendfile", "keyctl"))
    assert security.score(parse_event("splice")).value == pytest.approx(0.5)
    assert security.score(parse_event("splice"), events("sendfile")).value == 0.0


@pytest.mark.parametrize(
    ("abi", "allowed", "reached"),
    [
        (Abi.X32, ["recvmmsg"], False),
        (Abi.X32, ["x32:recvmmsg"], True),
        (Abi.X32, ["recvmmsg", "x32:read"], True),  # a rule holds on every ABI of the policy
        (Abi.X32, ["x32:read"], False),
        (Abi.X32, ["x32:read", "i386:socketcall"], False),  # x32 has no socketcall
        (Abi.I386, ["i386:socketcall"], True),
        (Abi.I386, ["recvmmsg"], False),
        (Abi.X86_64, ["recvmmsg"], True),
        (Abi.X86_64, ["i386:recvmmsg"], False),
    ],
)
def test_a_fault_of_one_abi(abi: Abi, allowed: list[str], reached: bool) -> None:
    found = cve((Need("recvmmsg", abi=abi),))
    assert bool(routes(found, Candidates(events(*allowed)))) is reached


def test_a_fault_of_one_abi_scores_nothing_elsewhere() -> None:
    found = cve((Need("recvmmsg", abi=Abi.X32),))
    assert score(found, "recvmmsg", "read") == 0.0
    assert score(found, "recvmmsg", "x32:read") == pytest.approx(0.5)


def test_what_no_container_reaches_counts_for_nothing() -> None:
    found = msgspec.structs.replace(cve((KEYCTL,)), unreachable="It is made up.")
    assert score(found, "keyctl") == 0.0
