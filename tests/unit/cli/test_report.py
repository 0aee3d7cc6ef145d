from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from beacon.campaign.enforced import read_enforced
from beacon.data.cves import cves
from beacon.model.files import (
    POLICY_FILE,
    PROFILE_FILE,
    VERIFICATION_FILE,
    encode,
    load_policy,
    write_files,
)
from unit.cli.stored import other_profile, passed, stored_profile
from unit.documents.harness import check, fake_host
from unit.page.parsed import Page


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    (tmp_path / "home").mkdir()
    fake_host(monkeypatch, tmp_path / "home")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    cves.cache_clear()
    write_files(tmp_path / "web.profile", {PROFILE_FILE: encode(stored_profile())})
    write_files(tmp_path / "other.profile", {PROFILE_FILE: encode(other_profile())})
    made = ("policy", tmp_path / "web.profile", "-o", tmp_path / "web.policy")
    assert check(tmp_path, *made, "--reserve", "reachable")[0] == 0
    yield tmp_path
    cves.cache_clear()


def _report(place: Path, *words: str) -> tuple[int, str, str]:
    return check(place, "report", *(word.replace("DIR", str(place)) for word in words))


def test_a_policy_and_its_profile_share_a_page(place: Path) -> None:
    code, out, err = _report(place, "DIR/web.profile", "DIR/web.policy", "-o", "DIR/web.html")
    assert code == 0
    assert out.startswith("web.html: ")
    assert "Wrote" in err
    made = Page((place / "web.html").read_bytes())
    assert "The policy in web.policy; not verified." in made.by_id("summary").content
    assert "beacon policy web.profile" in made.by_id("intent").content
    assert (place / "web.html").stat().st_mode & 0o077 == 0


def test_several_subjects_make_a_folder(place: Path) -> None:
    names = ("DIR/web.profile", "DIR/web.policy", "DIR/other.profile")
    code, out, _ = _report(place, *names, "-o", "DIR/pages", "--json")
    assert code == 0
    document = json.loads(out)
    assert document["schema"] == "beacon.report/1"
    files = {each["file"] for each in document["pages"]}
    assert files == {"web-policy.html", "other-profile.html"}
    assert {path.name for path in (place / "pages").iterdir()} == {*files, "index.html"}


def test_several_subjects_do_not_fit_into_a_file(place: Path) -> None:
    code, _, err = _report(place, "DIR/web.profile", "DIR/other.profile", "-o", "DIR/web.html")
    assert code == 2
    assert "give a folder with -o" in err
    assert not (place / "web.html").exists()


def test_the_verdict_of_a_verification(place: Path) -> None:
    _verify(place)
    _, out, _ = _report(place, "DIR/web.policy", "-o", "DIR/web.html")
    assert "verified: nothing differs under the policy; 0 positions" in out


def _verify(place: Path) -> None:
    """As if it had passed."""
    verification = passed(load_policy(place / "web.policy"))
    assert verification.certificate is not None
    digest = read_enforced(place / "web.policy").digest
    certificate = msgspec.structs.replace(verification.certificate, policy=digest)
    verification = msgspec.structs.replace(verification, certificate=certificate)
    write_files(place / "web.policy", {VERIFICATION_FILE: encode(verification)})


@pytest.mark.parametrize("change", ["other", "broken", "gone"])
def test_a_verification_of_other_files_proves_nothing(place: Path, change: str) -> None:
    _verify(place)
    path = place / "web.policy" / "docker.args"
    if change == "gone":
        path.unlink()
    else:
        path.write_text(path.read_text() + {"other": "\n", "broken": " --privileged"}[change])
    code, out, _ = _report(place, "DIR/web.policy", "-o", "DIR/pages", "--json")
    assert code == 0
    assert json.loads(out)["pages"][0]["verdict"] is None
    said = "not verified: the verification beside it is of other files"
    made = Page((place / "pages" / "web-policy.html").read_bytes())
    assert said in made.by_id("summary").content
    assert said in made.by_id("proof").content
    assert said in (place / "pages" / "index.html").read_text()


def test_a_link_in_a_circle_is_no_traceback(place: Path) -> None:
    (place / "circle").symlink_to(place / "circle")
    code, _, err = _report(place, "DIR/circle", "-o", "DIR/web.html")
    assert code == 2
    assert "neither a policy nor a profile" in err


def test_edited_files_are_named(place: Path) -> None:
    (place / "web.policy" / "seccomp.json").write_text('{"defaultAction": "SCMP_ACT_ALLOW"}')
    code, _, _ = _report(place, "DIR/web.policy", "-o", "DIR/web.html")
    assert code == 0
    assert "Edited: " in Page((place / "web.html").read_bytes()).by_id("summary").content


@pytest.mark.parametrize("name", ["nothing", "x" * 300])
def test_a_directory_without_documents(place: Path, name: str) -> None:
    code, _, err = _report(place, f"DIR/{name}", "-o", "DIR/web.html")
    assert code == 2
    assert "neither a policy nor a profile" in err


def test_a_reserve_given_as_an_option_is_named_in_the_reasons(place: Path) -> None:
    policy = load_policy(place / "web.policy")
    because = {each.because for each in policy.entries if each.reserve}
    assert because == {"not seen, within reach, and the intent allows whatever is"}


def test_a_damaged_document(place: Path) -> None:
    raw = msgspec.json.decode((place / "web.policy" / POLICY_FILE).read_bytes())
    raw["entries"][0]["event"]["argument"] = "<script>"
    (place / "web.policy" / POLICY_FILE).write_bytes(msgspec.json.encode(raw))
    code, _, err = _report(place, "DIR/web.policy", "-o", "DIR/web.html")
    assert code == 2
    assert "damaged" in err
