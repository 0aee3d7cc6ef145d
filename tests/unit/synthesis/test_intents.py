from __future__ import annotations

import pytest
from msgspec.structs import replace

from beacon.errors import ExitCode, UsageError
from beacon.model.environment import Environment
from beacon.model.event import Event, parse_event
from beacon.model.intent import PRESETS, Intent, Reserve
from beacon.model.run import Ending
from beacon.synthesis.intents import (
    check_environments,
    event,
    intent_from_weights,
    parse_intent,
    with_pins,
)
from builders import call, profile, run

WHOLE = """
security = 0.25
functionality = 1
allow = ["CAP_KILL", "socket(AF_UNIX,SOCK_STREAM,0x0)"]
deny = ["socket"]
floor = false
[environments]
matter = ["init"]
ignore = ["exec=shell"]
"""


def events(*spelt: str) -> tuple[Event, ...]:
    return tuple(map(parse_event, spelt))


def test_a_whole_file() -> None:
    assert parse_intent(WHOLE, "intent.toml") == Intent(
        security=0.25,
        functionality=1.0,
        allow=events("CAP_KILL", "socket(AF_UNIX,SOCK_STREAM,0x0)"),
        deny=events("socket"),
        matter=("init",),
        ignore=("exec=shell",),
        floor=False,
        reserve=Reserve.HARMLESS,
    )


def test_the_smallest_files() -> None:
    assert parse_intent("", "x") == PRESETS["availability"]
    assert parse_intent('preset = "strict"', "x") == PRESETS["strict"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("security = ", "is not a valid intent"),
        ("security = 0.5", "go together"),
        ("security = 1.5\nfunctionality = 1", "is not a valid intent"),
        ("security = nan\nfunctionality = 1", "is not a valid intent|from 0 to 1"),
        ("security = inf\nfunctionality = 1", "is not a valid intent|from 0 to 1"),
        ('security = "0.5"', "is not a valid intent"),
        ('preset = "lax"', "no preset 'lax'"),
        ('preset = "strict"\nsecurity = 1\nfunctionality = 1', "not both"),
        ('allow = ["tracep"]', "no event 'tracep'"),
        ('allow = ["CAP_EVERYTHING"]', "no event"),
        ('deny = ["socket(AF_NOWHERE)"]', "no event"),
        ('deny = ["read(F_GETFD)"]', "no event"),
        ('deny = ["\\u001b[31m"]', "no event"),
        ('allow = ["ptrace"]\ndeny = ["ptrace"]', "ptrace is pinned as allowed and as denied"),
        ('allow = ["clone"]\ndeny = ["clone(CLONE_NEWUSER)"]', "allowed and as denied"),
        ("mode = 1", "is not a valid intent"),
        ("[environments]\nmatters = []", "is not a valid intent"),
    ],
)
def test_what_is_no_intent(text: str, said: str) -> None:
    with pytest.raises(UsageError, match=said) as failure:
        parse_intent(text, "intent.toml")
    assert failure.value.exit_code is ExitCode.USAGE
    assert "\x1b" not in str(failure.value)


@pytest.mark.parametrize(
    "weights",
    [
        ("", None, None),
        (None, 0.5, None),
        (None, None, 0.5),
        (None, -0.1, 1.0),
        (None, 0.5, float("nan")),
    ],
)
def test_weights_of_no_use(weights: tuple[str | None, float | None, float | None]) -> None:
    with pytest.raises(UsageError):
        intent_from_weights(*weights)


def test_later_pins_replace_earlier_ones() -> None:
    first = with_pins(Intent(), ["ptrace"], ["mount"])
    second = with_pins(first, ["mount"], ["ptrace"])
    assert (second.allow, second.deny) == (events("mount"), events("ptrace"))


def test_a_later_pin_on_a_call_replaces_those_on_its_classes() -> None:
    family = "socket(AF_INET6,SOCK_STREAM,0x0)"
    for earlier in (with_pins(Intent(), [family], []), with_pins(Intent(), [], [family])):
        assert with_pins(earlier, ["socket"], []).pin(parse_event(family)) is True
        assert with_pins(earlier, [], ["socket"]).pin(parse_event(family)) is False


def test_a_pin_on_a_call_holds_for_its_classes() -> None:
    intent = with_pins(Intent(), ["clone(CLONE_NEWNET)"], ["clone"])
    pins = [intent.pin(each) for each in events("clone(CLONE_NEWUSER)", "clone", "read")]
    assert pins == [False, False, None]
    assert intent.pin(parse_event("clone(CLONE_NEWNET)")) is True


def test_events_are_named_as_they_are_spelt() -> None:
    assert event("i386:read") == parse_event("i386:read")
    with pytest.raises(UsageError, match="name a system call"):
        event("read write")


def test_environments_must_have_been_explored() -> None:
    with pytest.raises(UsageError, match="environment 'init'"):
        check_environments(Intent(matter=("init",)), profile(run(call("read"))))
    everything = parse_intent('environments = { ignore = ["*"] }', "intent.toml")
    check_environments(everything, profile(run(call("read"))))
    with pytest.raises(UsageError, match=r"environment '\*'"):
        check_environments(Intent(matter=("*",)), profile(run(call("read"))))
    dead = replace(run(ending=Ending.EXITED), environment=Environment.of((("init", "yes"),)))
    check_environments(Intent(ignore=("init",)), profile(run(call("read")), dead))
    with pytest.raises(UsageError, match="became ready in an environment 'init': it cannot"):
        check_environments(Intent(matter=("init",)), profile(run(call("read")), dead))
    with pytest.raises(UsageError, match="init is in both `matter` and `ignore`"):
        check_environments(Intent(matter=("init",), ignore=("init",)), profile(run(call("read"))))
