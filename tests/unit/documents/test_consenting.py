"""What `verify` obeys, by its command line, with a fake host."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from beacon.campaign.consent import Consent
from beacon.campaign.demands import Demand
from beacon.export.all import render_all
from beacon.model.files import load_policy, load_profile, write_files
from beacon.workloads.script import script_digest
from fakes import IMAGE, FakeEngine
from unit.documents.harness import check, fake_host

SETTINGS = """
[launch]
device = ["/dev/fuse"]

[[dimensions]]
name = "own"
why = "because"
[dimensions.values.yes]
sysctl = ["net.core.somaxconn=1"]
"""
ENVIRONMENTS = ("--strategy", "one-at-a-time", "--max-runs", "4")


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "home").mkdir()
    fake_host(monkeypatch, tmp_path / "home")
    return tmp_path


def make(place: Path, *options: str | Path) -> Path:
    """A policy by this command line; the fake containers show nothing, so it allows nothing."""
    command = ("profile", "-o", place / "profile", *options, IMAGE.reference)
    assert check(place, *command)[0] == 0
    assert check(place, "policy", place / "profile", "-o", place / "policy")[0] == 0
    return place / "policy"


def from_elsewhere(place: Path) -> None:
    (place / "home" / "beacon" / "seal.key").write_bytes(bytes(32))


WAYS: list[tuple[tuple[str, ...], tuple[str, ...]]] = [
    (("--network", "host"), ("--network", "host")),
    (("-v", "/srv:/data"), ("--volume", "/srv:/data")),
    (("--stdin", "{}"), ("--stdin", "{}")),
    (("--security-opt", "apparmor=unconfined"), ("--security-opt", "apparmor=unconfined")),
    ((*ENVIRONMENTS, "--dimensions", "pid-host"), ("--dimensions", "pid-host")),
    ((*ENVIRONMENTS, "--dimensions", "pid-host"), ("--dimensions", "init,pid-host=yes")),
    ((*ENVIRONMENTS, "--dimensions", "own", "--settings", "{}"), ("--settings", "{}")),
]


@pytest.mark.parametrize(("given", "again"), WAYS, ids=repr)
def test_once_here_again_elsewhere(
    place: Path, given: tuple[str, ...], again: tuple[str, ...]
) -> None:
    (place / "settings.toml").write_text(SETTINGS)
    given, again = (
        tuple(word.format(place / "settings.toml") for word in words) for words in (given, again)
    )
    policy = make(place, *given)
    code, _, said = check(place, "verify", policy)
    assert code == 0, said
    assert "sealed on this host" in said.split("running")[0]
    from_elsewhere(place)
    code, _, said = check(place, "verify", policy)
    assert code == 2
    assert "running" not in said
    code, _, said = check(place, "verify", policy, *again)
    assert code == 0, said
    code, _, said = check(place, "verify", policy, "--trust")
    assert code == 0, said
    assert ": trusted" in said


def test_what_asks_for_nothing_needs_no_word(place: Path) -> None:
    policy = make(place, *ENVIRONMENTS, "--dimensions", "init,cap-add=nice,link", "-e", "A=1")
    from_elsewhere(place)
    code, _, said = check(place, "verify", policy)
    assert code == 0, said
    assert "asks for" not in said


def test_an_edited_policy_has_no_seal(place: Path) -> None:
    folder = make(place, "--network", "host")
    policy = load_policy(folder)
    assert policy.seal
    assert load_profile(place / "profile").seal not in (None, policy.seal)
    changed = msgspec.structs.replace(policy, gaps=("a word",))
    write_files(folder, render_all(changed))
    code, _, said = check(place, "verify", folder)
    assert code == 2, said


def test_policies_of_an_unsealed_profile_are_unsealed_and_say_so(place: Path) -> None:
    make(place, "--network", "host")
    from_elsewhere(place)
    code, _, said = check(place, "policy", place / "profile", "-o", place / "other")
    assert code == 0
    assert "--network host" in said
    assert load_policy(place / "other").seal is None


def test_a_quick_verification_asks_for_less(place: Path) -> None:
    policy = make(place, *ENVIRONMENTS, "--dimensions", "pid-host")
    from_elsewhere(place)
    assert check(place, "verify", policy)[0] == 2
    assert check(place, "verify", policy, "--quick")[0] == 0


def test_where_no_key_can_be_made_documents_are_unsealed(place: Path) -> None:
    (place / "home" / "beacon").write_text("in the way")
    policy = make(place, "--network", "host")
    assert load_policy(policy).seal is None
    assert check(place, "verify", policy)[0] == 2
    assert check(place, "verify", policy, "--network", "host")[0] == 0


def test_another_image_of_the_name_needs_consent_again(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy = make(place, "--network", "host")
    other = replace(IMAGE, id="sha256:" + "9" * 64)
    monkeypatch.setattr(FakeEngine, "image", lambda *_, **__: other)
    code, _, said = check(place, "verify", policy)
    assert code == 2
    assert "running" not in said
    assert check(place, "verify", policy, "--network", "host")[0] == 0


def test_a_job_s_input_is_sealed_by_its_content(place: Path) -> None:
    file = place / "input"
    file.write_text("one")
    policy = make(place, "--stdin", file)
    assert load_policy(policy).launch.stdin == str(file)
    code, _, said = check(place, "verify", policy)
    assert (code, "not what was recorded" in said) == (0, False), said
    file.write_text("secret")
    code, _, said = check(place, "verify", policy)
    assert code == 2
    assert "is not what it was when the image was profiled: give it again with --stdin" in said
    assert "running" not in said
    for option in (("--stdin", file), ("--trust",)):
        code, _, said = check(place, "verify", policy, *option)
        assert code == 0, said
        assert "is not what was recorded as standard input" in said
    file.unlink()
    code, _, said = check(place, "verify", policy)
    assert code == 2
    assert "No such file" in said


def test_a_file_that_was_not_recorded_is_not_sent(place: Path) -> None:
    policy = make(place)
    code, _, said = check(place, "verify", policy, "--stdin", place / "profile" / "profile.json")
    assert code == 2
    assert "recorded without --stdin" in said


def test_a_kept_script_is_given_again_by_its_content(tmp_path: Path) -> None:
    kept, given = tmp_path / "workload.drive.sh", tmp_path / "mine.sh"
    given.write_text("#!/bin/sh\n")
    demand = Demand("workload", str(kept), "a program")
    scripts = {str(kept): script_digest(given) or ""}
    assert Consent(scripts=scripts).source(demand) is None
    assert Consent(scripts=scripts, sealed=True).source(demand) == "sealed on this host"
    consent = Consent(scripts=scripts, workloads=frozenset({str(given)}))
    assert consent.source(demand) == "given again"
    given.write_text("#!/bin/sh\nid\n")
    assert consent.source(demand) is None
    given.unlink()
    assert consent.source(demand) is None


def test_a_script_is_sealed_by_its_content(tmp_path: Path) -> None:
    script = tmp_path / "drive.sh"
    script.write_text("#!/bin/sh\n")
    demand = Demand("workload", str(script), "a program of this host")
    consent = Consent(sealed=True, script=script_digest(script))
    assert consent.source(demand) == "sealed on this host"
    assert Consent(sealed=True).source(demand) is None
    script.write_text("#!/bin/sh\nid\n")
    assert consent.source(demand) is None
    script.unlink()
    assert consent.source(demand) is None
    assert replace(consent, workloads=frozenset({str(script)})).source(demand) == "given again"
