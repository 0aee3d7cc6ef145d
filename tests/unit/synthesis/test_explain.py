from __future__ import annotations

from msgspec.structs import replace

from beacon.data.cves import cves
from beacon.model.environment import Changes, Dimension, Environment, EnvironmentSpace
from beacon.model.event import Phase, parse_event
from beacon.model.intent import Intent
from beacon.model.launch import Launch
from beacon.synthesis.difference import changes
from beacon.synthesis.explain import explain
from beacon.synthesis.exposure import exposures
from beacon.synthesis.synthesize import synthesize
from builders import call, check, profile, run

RECORDED = profile(
    run(
        call("read", Phase.START),
        call("keyctl"),
        call("clone3"),
        capabilities=(check("CAP_CHOWN", during="chown"),),
    )
)


def test_what_was_used_is_explained_by_its_evidence() -> None:
    policy = synthesize(RECORDED)
    (found,) = explain(policy, parse_event("keyctl"), cves())
    assert found.allowed
    assert (found.count, found.evidence.phases) == (1, (Phase.SERVE,))
    assert "CVE-2016-0728" in found.opened
    assert found.denied_with == "EPERM"
    assert any("CVE-2016-0728" in reason.text for reason in found.security.reasons)


def test_capabilities_tell_who_asked() -> None:
    (found,) = explain(synthesize(RECORDED), parse_event("CAP_CHOWN"), cves())
    assert found.evidence.processes == ("server",)
    assert found.calls == ("chown",)


def test_what_was_dropped_and_what_was_never_seen() -> None:
    policy = synthesize(RECORDED, Intent(security=1.0, functionality=0.0))
    (dropped,) = explain(policy, parse_event("keyctl"), cves())
    assert (dropped.allowed, "<" in dropped.because) == (False, True)
    assert (dropped.count, dropped.evidence.runs) == (1, ("none@default",))
    (unseen,) = explain(policy, parse_event("ptrace"), cves())
    assert unseen.because == "neither seen in the profile nor inferred from it"


def test_what_denial_buys_is_told_of_what_nobody_weighed() -> None:
    denied = (parse_event("keyctl"), parse_event("bpf"))
    policy = synthesize(RECORDED, Intent(deny=denied))
    for asked in (*denied, parse_event("CAP_SYS_ADMIN")):
        (found,) = explain(policy, asked, cves())
        assert not found.allowed
        assert found.security.value > 0.5
        assert found.because.startswith("pinned: always denied") == (asked in denied)


def test_a_capability_that_an_environment_lends() -> None:
    lock, chown = (check(name) for name in ("CAP_IPC_LOCK", "CAP_CHOWN"))
    added = Environment.of((("cap-add", "lock"),))
    lends = Dimension(name="cap-add", why="Why.", values={"lock": Changes(cap_add=("IPC_LOCK",))})
    runs = (
        run(call("read"), capabilities=(chown,)),
        replace(run(call("read"), capabilities=(lock, chown)), environment=added),
    )
    recorded = replace(profile(*runs), surroundings=EnvironmentSpace((lends,)))
    assert synthesize(recorded).capabilities() == ("CAP_CHOWN",)
    (found,) = explain(synthesize(recorded), parse_event("CAP_IPC_LOCK"), cves())
    assert found.because.startswith("the launch does not grant it")
    assert found.evidence.runs == ("none@cap-add=lock",)
    for intent in (Intent(matter=("cap-add",)), Intent(allow=(parse_event("CAP_IPC_LOCK"),))):
        kept = synthesize(recorded, intent).capabilities()
        assert kept == ("CAP_CHOWN", "CAP_IPC_LOCK")
    everywhere = replace(recorded, launch=Launch(cap_add=("IPC_LOCK",)))
    assert len(synthesize(everywhere).capabilities()) == 2


def test_callers_that_fall_back_get_enosys() -> None:
    (found,) = explain(synthesize(profile(run(call("read")))), parse_event("clone3"), cves())
    assert found.denied_with.startswith("ENOSYS: its flags lie behind a pointer")


def test_a_call_named_whole_stands_for_its_classes() -> None:
    policy = synthesize(profile(run(call("futex"), call("mmap"))))
    assert [str(each.event) for each in explain(policy, parse_event("mmap"), cves())] == ["mmap"]


def test_exposure_knows_the_way() -> None:
    found = {each.cve.id: each for each in exposures([parse_event("keyctl")], cves())}
    assert found["CVE-2016-0728"].through == (parse_event("keyctl"),)
    assert found["CVE-2016-8655"].stopped
    assert not [each for each in found.values() if each.cve.control]


def test_changes_are_weighed() -> None:
    found = changes(
        frozenset({parse_event("read")}),
        frozenset({parse_event("keyctl"), parse_event("getpid")}),
        cves(),
    )
    assert [(each.event.name, each.added) for each in found] == [
        ("keyctl", True),
        ("getpid", True),
        ("read", False),
    ]
    assert found[0].security.value > 0.9
