from __future__ import annotations

import pytest

from beacon.data.kernel import is_syscall
from beacon.model.cve import Need, Way
from beacon.model.event import Abi
from beacon.model.release import parse_release
from cve_table.inputs import JudgedNeed, judgements
from cve_table.twins import expanded, groups, lonely

NAMESPACE: dict[str, tuple[str, ...]] = {"flags": ("CLONE_NEWUSER",)}


def calls(need: Need) -> set[str]:
    return {way.call for way in need.ways}


def test_groups_are_of_calls_with_a_release_and_a_reason() -> None:
    for name, group in groups().items():
        assert group.why.endswith("."), name
        assert len(group.members) > 1, name
        for call, member in group.members.items():
            assert is_syscall(call), call
            assert parse_release(member.since) is not None, call
            assert member.why, call


def test_each_group_that_is_named_exists_and_holds_the_call() -> None:
    for judged in judgements().values():
        for need in (need for path in judged.paths for need in path if need.twins):
            assert need.call in groups()[str(need.twins)].members, judged.id


@pytest.mark.parametrize(
    ("fixed", "there"),
    [("4.5", False), ("4.6-rc1", False), ("4.6.1", True), ("5.0", True), (None, True)],
)
def test_what_came_after_the_fix_is_not_a_route(fixed: str | None, there: bool) -> None:
    release = parse_release(fixed) if fixed else None
    found = expanded(JudgedNeed("sendmsg", twins="socket-write"), release)
    assert ("pwritev2" in calls(found)) is there
    assert {"sendto", "write", "splice", "sendfile"} <= calls(found)


def test_a_fix_that_is_not_a_release_of_linux_excludes_nothing() -> None:
    fixed = parse_release("docker 18.09.2 (runc after 1.0-rc6)")
    assert "openat2" in calls(expanded(JudgedNeed("openat", twins="open"), fixed))


def test_conditions_are_kept_dropped_or_not_met() -> None:
    flags: dict[str, tuple[str, ...]] = {"flags": ("MSG_OOB",)}
    found = expanded(JudgedNeed("sendmsg", flags, twins="socket-write"), None)
    assert [Way("sendto", flags), Way("sendmmsg", flags)] == list(found.others)
    assert "write" not in calls(found)
    made = expanded(JudgedNeed("clone", NAMESPACE, twins="namespace"), None)
    assert list(made.others) == [Way("unshare", NAMESPACE), Way("clone3")]


def test_only_calls_of_the_abi_count() -> None:
    # i386 has no accept of its own.
    found = expanded(JudgedNeed("accept4", abi=Abi.I386, twins="accept"), None)
    assert found.ways == (Need("accept4", abi=Abi.I386),)


def test_a_call_of_another_group_is_refused() -> None:
    with pytest.raises(ValueError, match="mount is not one of splice"):
        expanded(JudgedNeed("mount", twins="splice"), None)


@pytest.mark.parametrize(
    ("path", "alone"),
    [
        ((Need("splice"),), ["splice"]),
        ((Need("splice", others=(Way("sendfile"),)),), []),
        ((Need("mount"), Need("accept")), ["accept"]),
        ((Need("clone", NAMESPACE),), ["clone"]),
        ((Need("clone", NAMESPACE, others=(Way("clone3"), Way("unshare", NAMESPACE))),), []),
        # pipe cannot make what pipe2 makes with this flag.
        ((Need("pipe2", {"flags": ("O_NOTIFICATION_PIPE",)}),), []),
    ],
)
def test_a_twin_without_its_group_is_lonely(path: tuple[Need, ...], alone: list[str]) -> None:
    assert list(lonely(path, None)) == alone


def test_twins_that_came_later_are_not_missed() -> None:
    need = Need("openat", others=(Way("open"), Way("creat")))
    assert list(lonely((need,), parse_release("5.6-rc1"))) == []
    assert list(lonely((need,), parse_release("5.7"))) == ["openat", "open", "creat"]
