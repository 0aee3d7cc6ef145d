"""What `beacon watch` prints, and what it exits with."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from beacon.campaign.watched_container import WatchReporter
from beacon.campaign.watching import WatchRequest
from beacon.cli import main as cli
from beacon.cli import watch
from beacon.model.denial import Denial, DenialKind, Standing, Watched
from beacon.model.event import Capability, Syscall
from beacon.model.files import load_profile
from beacon.model.observation import Loss
from beacon.model.profile import Profile
from builders import call, profile
from builders import run as one_run

FOUND = (
    Denial(
        event=Syscall("mount"),
        kind=DenialKind.DENIED,
        standing=Standing.BEYOND,
        count=1,
        processes=("a\x1b[2J", "b"),
        change="beacon policy PROFILE_DIR -o DIR --allow mount",
    ),
    Denial(
        event=Syscall("syscall_999"),
        kind=DenialKind.KILLED,
        standing=Standing.NO_POLICY,
        count=2000,
        processes=(),
    ),
    Denial(
        event=Capability("CAP_SYS_NICE"),
        kind=DenialKind.WOULD_BE,
        standing=Standing.INTENDED,
        count=3,
        processes=("server",),
    ),
)


def watched(
    monkeypatch: pytest.MonkeyPatch,
    *denials: Denial,
    recorded: Profile | None = None,
    meanwhile: Callable[[Callable[[], bool]], None] = lambda _: None,
    losses: tuple[Loss, ...] = (),
) -> list[WatchRequest]:
    asked: list[WatchRequest] = []

    def run(
        request: WatchRequest, reporter: WatchReporter, stopped: Callable[[], bool]
    ) -> tuple[Watched, Profile | None]:
        asked.append(request)
        for each in denials:
            reporter.denied(each)
        meanwhile(stopped)
        found = Watched(
            container=request.container,
            image="web:1",
            seconds=12.3,
            restarts=2,
            denials=denials,
            losses=losses,
            unnumbered=len(losses),
        )
        return found, recorded

    monkeypatch.setattr(watch, "watch", run)
    monkeypatch.setattr(time, "localtime", lambda _: time.gmtime(3723))
    return asked


def test_text(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    asked = watched(monkeypatch, *FOUND, losses=(Loss("names", 4),))
    assert cli.main(["watch", "--policy", "DIR", "--for", "5", "web"]) == 10
    assert asked == [WatchRequest("web", Path("DIR"), 5.0)]
    assert capsys.readouterr().out.splitlines() == [
        "01:02:03 denied: mount, 1 time, by a\\x1b[2J, b, beyond the policy's intent",
        "         to allow it: beacon policy PROFILE_DIR -o DIR --allow mount",
        "01:02:03 denied, and the caller killed: syscall_999, 2000 times, by no process by name",
        "01:02:03 would be denied: CAP_SYS_NICE, 3 times, by server, as you asked",
        "watched web (web:1) for 12 s and 2 restarts",
        "  denied, and the caller killed: syscall_999, 2000 times, by no process by name",
        "  would be denied: CAP_SYS_NICE, 3 times, by server, as you asked",
        "  denied: mount, 1 time, by a\\x1b[2J, b, beyond the policy's intent",
        "  lost: 4 names",
        "  calls with numbers that no kernel has: 1",
        "Denied beyond what a policy asks for: 2 events.",
    ]


def test_one_document_a_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    watched(monkeypatch, *FOUND)
    assert cli.main(["watch", "--json", "web"]) == 10
    out = capsys.readouterr().out
    assert "\x1b" not in out
    *denials, summary = map(json.loads, out.splitlines())
    assert [each["schema"] for each in denials] == ["beacon.denial/1"] * 3
    assert denials[0]["event"] == {"type": "syscall", "name": "mount", "abi": "x86_64",
                                   "argument": None}  # fmt: skip
    assert summary["schema"] == "beacon.watched/1"
    assert summary["denials"] == [
        {name: value for name, value in each.items() if name != "schema"} for each in denials
    ]


def test_nothing_beyond_intent(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    watched(monkeypatch)
    assert cli.main(["watch", "web"]) == 0
    assert capsys.readouterr().out.endswith("Nothing was denied.\n")
    watched(monkeypatch, FOUND[2], msgspec.structs.replace(FOUND[0], standing=Standing.RECORDED))
    assert cli.main(["watch", "web"]) == 0
    asked = "Nothing was denied but what the policy's intent asks for.\n"
    assert capsys.readouterr().out.endswith(asked)


def test_what_was_recorded_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    joined = msgspec.structs.replace(one_run(call("read")), joined=True)
    watched(monkeypatch, recorded=profile(joined))
    output = tmp_path / "seen"
    assert cli.main(["watch", "web", "--record", "-o", str(output)]) == 0
    assert load_profile(output).runs == (joined,)
    assert "its start was not seen" in capsys.readouterr().err


@pytest.mark.parametrize("words", [("--record",), ("-o", "somewhere")])
def test_a_record_needs_a_place(
    words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = watched(monkeypatch)
    assert cli.main(["watch", "web", *words]) == 2
    assert asked == []
    assert "--record and -o go together" in capsys.readouterr().err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_the_watch_with_a_summary_and_a_second_one_the_command(
    number: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def once(stopped: Callable[[], bool]) -> None:
        assert not stopped()
        os.kill(os.getpid(), number)
        assert stopped()

    def twice(stopped: Callable[[], bool]) -> None:
        once(stopped)
        os.kill(os.getpid(), number)

    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    try:
        watched(monkeypatch, meanwhile=once)
        assert cli.main(["watch", "web"]) == 0
        assert "Nothing was denied." in capsys.readouterr().out
        watched(monkeypatch, meanwhile=twice)
        assert cli.main(["watch", "web"]) == 128 + number
    finally:
        signal.signal(signal.SIGINT, before[0])
        signal.signal(signal.SIGTERM, before[1])
