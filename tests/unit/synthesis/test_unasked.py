"""A denied call takes along the capabilities that it alone needed."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from beacon.model.event import Capability, parse_event
from beacon.model.intent import Intent
from beacon.model.observation import ClassCount, Holding
from beacon.synthesis.intents import with_pins
from beacon.synthesis.synthesize import synthesize
from builders import call, check, profile, run

KILL = check("CAP_KILL", during="kill")
CALLS = (call("read"), call("kill"), call("tgkill"))


def kept(*capabilities: object, deny: list[str], allow: list[str] | None = None) -> list[str]:
    recorded = profile(run(*CALLS, capabilities=capabilities))  # type: ignore[arg-type]
    policy = synthesize(recorded, with_pins(Intent(), allow or [], deny))
    return [*policy.capabilities()]


def test_a_denied_call_takes_its_capability_along() -> None:
    assert kept(KILL, deny=[]) == ["CAP_KILL"]
    assert kept(KILL, deny=["kill"]) == []
    recorded = profile(run(*CALLS, capabilities=(KILL,)))
    policy = synthesize(recorded, with_pins(Intent(), [], ["kill"]))
    (dropped,) = [each for each in policy.entries if isinstance(each.event, Capability)]
    assert dropped.because == "only kill needed it, which is denied"
    assert dropped.calls == ("kill",)


def test_another_call_keeps_it() -> None:
    other = check("CAP_KILL", during="tgkill")
    assert kept(KILL, other, deny=["kill"]) == ["CAP_KILL"]
    assert kept(KILL, other, deny=["kill", "tgkill"]) == []


def test_a_pin_keeps_it() -> None:
    assert kept(KILL, deny=["kill"], allow=["CAP_KILL"]) == ["CAP_KILL"]


@pytest.mark.parametrize("during", [None, "ptrace"])
def test_what_no_denied_call_needed_stays(during: str | None) -> None:
    """The kernel asked outside of any call, or in one that was not denied, for it was not seen."""
    assert kept(replace(KILL, call=during), deny=["kill"]) == ["CAP_KILL"]


def test_one_class_that_is_left_keeps_it() -> None:
    classes = tuple(
        ClassCount(argument, 1, 0, ("server",))
        for argument in ("AF_INET,SOCK_RAW,IPPROTO_ICMP", "AF_INET,SOCK_STREAM,0x0")
    )
    socket = replace(call("socket", count=2), classes=classes)
    asked = check("CAP_NET_RAW", during="socket")
    recorded = profile(run(call("read"), socket, capabilities=(asked,)))
    policy = synthesize(
        recorded, with_pins(Intent(), [], ["socket(AF_INET,SOCK_RAW,IPPROTO_ICMP)"])
    )
    assert policy.capabilities() == ("CAP_NET_RAW",)


def test_what_was_held_is_said() -> None:
    found = check("CAP_NET_BIND_SERVICE", during="execve")
    carried = replace(found, holding=Holding.FILE, file="/usr/local/bin/web", callers=())
    policy = synthesize(profile(run(call("execve"), capabilities=(carried,))))
    (kept,) = [each for each in policy.entries if isinstance(each.event, Capability)]
    assert (kept.event.name, kept.calls) == ("CAP_NET_BIND_SERVICE", ("execve",))
    assert kept.held == ("execve of /usr/local/bin/web, which carries it",)
    assert parse_event("CAP_NET_BIND_SERVICE") in policy.events()
