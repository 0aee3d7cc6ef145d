from __future__ import annotations

import msgspec
import pytest

from beacon.data.runtimes import Chance, Measurement, Table
from beacon.errors import UsageError
from beacon.model.event import Phase, Syscall, parse_event
from beacon.model.intent import PRESETS, Intent
from beacon.model.policy import Policy, RuntimeFloor
from beacon.model.profile import Profile
from beacon.synthesis.explain import explain
from beacon.synthesis.intents import parse_intent, with_pins
from beacon.synthesis.pins import notes
from beacon.synthesis.runtime_floor import other_engine, other_runtime, runtime_notes
from beacon.synthesis.synthesize import synthesize
from builders import call, profile, run

TABLE = Table(
    (
        Measurement(
            name="runc",
            version="1.1.5",
            starts=100,
            calls={"capget": 100, "prctl(PR_SET_KEEPCAPS)": 50, "read": 9},
        ),
        Measurement(
            name="crun", version="1.8.1", starts=100, calls={"pselect6": 50}, exec={"umask": 9}
        ),
    ),
    (Chance("runc", "rt_sigreturn", "Go preempts", "https://example.org"),),
)


def recorded(*more: str, runtime: str = "runc 1.1.5") -> Profile:
    calls = [call(name, Phase.START) for name in ("read", *more)]
    return profile(run(*calls), runtime=runtime)


def policy(
    *runtimes: str, recorded_by: Profile | None = None, intent: Intent | None = None
) -> Policy:
    made = parse_intent(f"runtimes = {list(runtimes)}", "intent") if intent is None else intent
    return synthesize(recorded_by or recorded(), made, runtimes=TABLE)


def inferred(found: Policy) -> set[str]:
    return {each.event.name for each in found.entries if each.follows}


def test_the_recording_runtime_s_calls_are_in_every_policy() -> None:
    found = policy()
    reasons = {each.event.name: each.source for each in found.entries}
    assert reasons == {
        "capget": "runc 1.1.5 makes it between the filter and the entry point",
        "prctl": "runc 1.1.5 makes it between the filter and the entry point",
        "read": None,  # it was seen
        "rt_sigreturn": "runc may make it before the entry point: Go preempts",
    }
    assert parse_event("prctl(PR_SET_KEEPCAPS)") in found.events()
    assert found.runtimes == (RuntimeFloor("runc 1.1.5", "runc 1.1.5", exact=True),)
    assert list(runtime_notes(found)) == []


@pytest.mark.parametrize("preset", PRESETS)
def test_whatever_the_weights(preset: str) -> None:
    assert {"capget", "rt_sigreturn"} <= inferred(policy(intent=PRESETS[preset]))


def test_a_call_that_was_seen_whole_needs_no_class() -> None:
    found = policy(recorded_by=recorded("prctl"))
    assert {event for event in found.events() if event.name == "prctl"} == {Syscall("prctl")}


def test_other_runtimes_are_added() -> None:
    assert inferred(policy("runc", "crun")) - inferred(policy()) == {"pselect6"}
    assert [each.runtime for each in policy("runc", "crun").runtimes] == ["runc 1.1.5", "crun"]


def test_what_joins_a_container_counts_where_something_did() -> None:
    joined = profile(
        run(call("read", Phase.START), call("write", Phase.EXEC)), runtime="runc 1.1.5"
    )
    assert "umask" in inferred(policy("crun", recorded_by=joined))
    assert "umask" not in inferred(policy("crun"))


def test_an_unknown_runtime_is_said() -> None:
    found = policy(recorded_by=recorded(runtime="kata \x1b[2J3.0"))
    assert inferred(found) == set()
    (note,) = runtime_notes(found)
    assert "beacon runtimes --measure" in note
    assert "\x1b" not in note


def test_the_nearest_version_is_said() -> None:
    found = policy(recorded_by=recorded(runtime="runc 1.3.0"))
    assert {"capget", "rt_sigreturn"} <= inferred(found)
    (note,) = runtime_notes(found)
    assert "nobody has measured runc 1.3.0" in note
    assert "runc 1.1.5" in note


def test_a_runtime_of_the_intent_has_to_be_known() -> None:
    with pytest.raises(UsageError, match="No table has the runtime 'youki'"):
        policy("youki")


@pytest.mark.parametrize("text", ["runtimes = 'crun'", f"runtimes = {['crun'] * 33}"])
def test_runtimes_of_an_intent_file_are_a_short_list(text: str) -> None:
    with pytest.raises(UsageError, match="is not a valid intent"):
        parse_intent(text, "intent")


def test_a_pin_wins_and_is_said() -> None:
    found = policy(intent=with_pins(Intent(), (), ("rt_sigreturn", "prctl(PR_SET_KEEPCAPS)")))
    assert {"rt_sigreturn", "prctl"}.isdisjoint(found.names())
    (note,) = notes(found)
    assert note.startswith("prctl(PR_SET_KEEPCAPS), rt_sigreturn: denied as pinned")
    assert "runtime" in note


def test_explain_names_the_runtimes() -> None:
    found = policy("crun", recorded_by=recorded("capget"))
    (capget,) = explain(found, Syscall("capget"), (), TABLE)
    (pselect6,) = explain(found, Syscall("pselect6"), (), TABLE)
    (prctl,) = explain(found, Syscall("prctl"), (), TABLE)
    assert capget.runtimes == prctl.runtimes == ("runc 1.1.5",)
    assert pselect6.runtimes == ("crun 1.8.1",)
    assert pselect6.source == "crun 1.8.1 makes it between the filter and the entry point"


def test_another_engine_is_said() -> None:
    made = policy()
    assert made.engines == ("docker 20.10",)
    assert other_engine(made, "docker") is None
    assert other_engine(made, "podman") == "recorded under docker 20.10, verified under podman"
    older = msgspec.structs.replace(made, engines=())
    assert other_engine(older, "podman") is None


def test_another_runtime_is_said() -> None:
    assert other_runtime(policy(), "runc 1.1.5") is None
    both = other_runtime(policy("crun"), "crun 1.8.1")
    assert both == "recorded under runc 1.1.5, verified under crun 1.8.1"
    one = other_runtime(policy(), "crun 1.8.1")
    assert one is not None
    assert one.endswith("which this policy is not for: `beacon policy --runtime crun` adds it")
    assert other_runtime(policy(), "runc 1.1.6") == (
        "recorded under runc 1.1.5, verified under runc 1.1.6"
    )
