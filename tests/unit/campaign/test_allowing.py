"""The line that allows what was denied does so when it is used."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import msgspec
import pytest

from beacon.campaign.allowing import change, intent_options
from beacon.cli.main import build_parser
from beacon.cli.policy import _intent
from beacon.model.denial import Denial, DenialKind, Standing
from beacon.model.event import Abi, Capability, Event, Syscall
from beacon.model.intent import PRESETS, Intent, Reserve
from beacon.model.reach import Scope
from unit.export.policies import plain

DIRECTORY = Path("/policies/web server")
CLASS = Syscall("socket", argument="AF_INET,SOCK_STREAM,IPPROTO_TCP")


def denial(event: Event, standing: Standing = Standing.BEYOND) -> Denial:
    return Denial(
        event=event, kind=DenialKind.DENIED, standing=standing, count=1, processes=("server",)
    )


def read(line: str) -> Intent:
    """What `beacon policy` takes from a line."""
    command, *words = shlex.split(line)
    assert command == "beacon"
    return _intent(build_parser().parse_args(words))


@pytest.mark.parametrize(
    "intent",
    [
        *PRESETS.values(),
        Intent(security=0.1, functionality=0.9, reserve=Reserve.HARMLESS),
        Intent(reserve=Reserve.REACHABLE, reach=Scope.IMAGE, runtimes=("crun", "runc 1.1.5")),
        Intent(allow=(Capability("CAP_KILL"), CLASS), deny=(Syscall("mount"), Syscall("ptrace"))),
        Intent(deny=(Syscall("getpid", Abi.I386),)),
    ],
)
def test_the_command_keeps_the_intent_and_allows_one_more(intent: Intent) -> None:
    policy = msgspec.structs.replace(plain(), intent=intent)
    made = read(change(denial(Syscall("mount")), policy, DIRECTORY))
    assert made.pin(Syscall("mount")) is True
    left = tuple(each for each in intent.deny if each != Syscall("mount"))
    pins = tuple(sorted((*intent.allow, Syscall("mount")), key=str))
    assert made == msgspec.structs.replace(intent, allow=pins, deny=left)


def test_an_intent_that_only_a_file_can_say() -> None:
    for intent in (Intent(matter=("init",)), Intent(ignore=("*",)), Intent(floor=False)):
        assert intent_options(intent) is None
        policy = msgspec.structs.replace(plain(), intent=intent)
        assert change(denial(CLASS), policy, DIRECTORY) == (
            "beacon policy PROFILE_DIR -o '/policies/web server' --intent INTENT_FILE --allow "
            "'socket(AF_INET,SOCK_STREAM,IPPROTO_TCP)'"
        )


def test_a_profile_with_gaps_has_to_be_accepted_again() -> None:
    policy = msgspec.structs.replace(plain(), gaps=("something is missing",))
    assert " --incomplete " in change(denial(CLASS), policy, DIRECTORY)


def test_what_the_policy_allows_needs_the_policy() -> None:
    line = change(denial(Syscall("read"), Standing.ALLOWED), plain(), DIRECTORY)
    assert line == "beacon run '/policies/web server' example/server:1"


def test_without_a_policy() -> None:
    assert change(denial(Capability("CAP_NET_RAW")), None, None) == "docker run --cap-add NET_RAW"
    line = change(denial(CLASS), None, None)
    rule = json.loads(line.removeprefix("add ").partition(' to "syscalls"')[0])
    assert rule["names"] == ["socket"]
    assert rule["action"] == "SCMP_ACT_ALLOW"
    conditions = [(each["index"], each["valueTwo"]) for each in rule["args"]]
    assert conditions == [(0, 2), (1, 1), (2, 6)]
    assert change(denial(Syscall("getuid32", Abi.I386)), None, None) == (
        'add {"names": ["getuid32"], "action": "SCMP_ACT_ALLOW"} to "syscalls" of its seccomp '
        'profile, and "SCMP_ARCH_X86" to "architectures"'
    )


def test_no_line_allows_what_no_kernel_has() -> None:
    assert change(denial(Syscall("syscall_999")), None, None) == ""
