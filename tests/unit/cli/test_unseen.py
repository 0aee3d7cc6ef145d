from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from beacon.cli.main import main
from beacon.cli.unseen import not_seen, within_reach
from beacon.export.all import render_all
from beacon.model.files import PROFILE_FILE, encode, write_files
from beacon.model.intent import PRESETS
from beacon.model.policy import Policy
from beacon.model.profile import Profile
from beacon.model.reach import Caller, Reach, Reachable, Scope
from beacon.synthesis.synthesize import synthesize
from builders import call, profile, run

NGINX = Caller("/usr/sbin/nginx", "/lib/libc.so.6", "ptrace")


def recorded() -> Profile:
    calls = (
        *(Reachable(name, Scope.RUN, (NGINX,)) for name in ("read", "readv", "ptrace")),
        Reachable("bpf", Scope.IMAGE, (NGINX,)),
    )
    seen = profile(run(call("read"), call("close")))
    return msgspec.structs.replace(seen, reach=Reach(calls))


def policy() -> Policy:
    return synthesize(recorded(), PRESETS["availability"])


def test_a_policy_names_the_riskiest_of_what_it_denies() -> None:
    first, second = not_seen(policy())
    assert first.startswith(
        "programs can make 3 calls: 1 was seen, 1 is in the reserve, 1 is denied"
    )
    assert second == (
        "denied, the riskiest first: ptrace (/usr/sbin/nginx) (beacon explain DIR --unseen)"
    )


def test_a_profile_says_what_each_scope_can_call() -> None:
    assert list(within_reach(recorded())) == [
        "the programs that ran can make 3 calls: 1 was seen",
        "with those beside them they can make 3 calls: 1 was seen",
        "all programs of the image can make 4 calls: 1 was seen",
        "no run showed, the riskiest first: ptrace (/usr/sbin/nginx) (beacon explain DIR --unseen)",
    ]


def test_without_an_analysis_it_says_so() -> None:
    bare = synthesize(profile(run(call("read"))))
    assert list(not_seen(bare)) == [
        "nobody analysed what the programs can call: profile again for a reserve"
    ]
    assert not list(within_reach(profile(run(call("read")))))


def test_explain_lists_all_of_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_files(tmp_path, render_all(policy()))
    assert main(["explain", str(tmp_path), "--unseen"]) == 0
    said = capsys.readouterr().out
    assert "ptrace: denied; its denial buys" in said
    assert "can be made by /usr/sbin/nginx imports ptrace (/lib/libc.so.6)" in said
    assert main(["explain", str(tmp_path), "--unseen", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["unseen"][0]["event"]["name"] == "ptrace"
    assert document["reach"]["reserve"] == 1


@pytest.mark.parametrize("words", [["read", "--unseen"], []])
def test_an_event_or_all_that_is_unseen(
    words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_files(tmp_path, render_all(policy()))
    assert main(["explain", str(tmp_path), *words]) == 2
    assert "name an event, or give --unseen" in capsys.readouterr().err


def test_the_reserve_reaches_as_far_as_it_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "profile"
    calls = (Reachable("read", Scope.RUN, (NGINX,)), Reachable("getcwd", Scope.IMAGE, (NGINX,)))
    seen = msgspec.structs.replace(recorded(), reach=Reach(calls))
    write_files(folder, {PROFILE_FILE: encode(seen)})
    words = ["policy", str(folder), "-o", str(tmp_path / "policy"), "--reserve", "reachable"]
    allowed = {}
    for scope in Scope:
        assert main([*words, "--reach", scope, "--json"]) == 0
        document = json.loads(capsys.readouterr().out)
        allowed[scope] = {e["event"]["name"] for e in document["entries"] if e["allowed"]}
    assert allowed[Scope.IMAGE] - allowed[Scope.RUN] == {"getcwd"}
