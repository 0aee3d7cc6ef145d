"""Leave-one-out recall of a real server: what one environment alone uses, and if it matters."""

from __future__ import annotations

import json
from pathlib import Path

from e2e.commands import beacon, leftovers

NGINX = "beacon/nginx"
ROTATES = [["nginx-life", "rotate-logs"]]


def test_what_one_environment_alone_uses_is_named_and_denied_without_it(tmp_path: Path) -> None:
    words = ("--strategy", "one-at-a-time", "--dimensions", "init=yes,nginx-life=rotate-logs")
    done = beacon("profile", "-o", tmp_path / "profile", *words, NGINX, timeout=240)
    assert done.returncode == 0, done.stderr
    recorded = json.loads((tmp_path / "profile" / "profile.json").read_text())
    assert recorded["recall"]["environments"] == 2
    (lacking,) = (
        each for each in recorded["recall"]["lacking"] if each["environment"]["settings"] == ROTATES
    )
    # The master starts new log files as its own child would: by a call that no other run made.
    assert "leave-one-out recall: " in done.stdout
    assert "nginx-life=rotate-logs would lack " in done.stdout
    assert "another kind of setting: " in done.stdout
    derived = beacon("policy", tmp_path / "profile", "-o", tmp_path / "policy")
    assert derived.returncode == 0, derived.stderr
    proven = beacon("verify", "--leave-one-out", "--starts", "0", tmp_path / "policy", timeout=240)
    assert proven.returncode == 0, proven.stdout
    found = json.loads((tmp_path / "policy" / "verification.json").read_text())
    assert found["certificate"]["recall"] == recorded["recall"]
    (rotating,) = (
        each for each in found["leave_one_out"] if each["environment"]["settings"] == ROTATES
    )
    assert rotating["events"] == lacking["events"]
    named = {event["name"] for event in lacking["events"]}
    denied = {
        difference["name"].partition("(")[0]
        for run in rotating["runs"]
        for difference in run["differences"]
        if difference["kind"] == "denied system call"
    }
    assert denied
    assert denied <= named
    assert leftovers() == []
