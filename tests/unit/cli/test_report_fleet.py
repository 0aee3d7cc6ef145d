from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from beacon.campaign.enforced import read_enforced
from beacon.cli.console import document_text
from beacon.data.cves import cves
from beacon.fleet.read import DOCUMENT_FILE, JOURNAL_FILE
from beacon.fleet.result import Result, Status, Summary
from beacon.model.files import PROFILE_FILE, VERIFICATION_FILE, encode, load_policy, write_files
from unit.cli.stored import other_profile, passed, stored_profile
from unit.documents.harness import check, fake_host
from unit.page.hostile import ATTACK, SHOWN
from unit.page.parsed import Page

WEB = Result(name="web", image="web:1", status=Status.VERIFIED, runs=4, syscalls=14, cves=287)
IDLE = Result(name="idle", image="idle:1", status=Status.FAILED, reason="nothing listens", runs=4)
LOST = Result(name="lost", image=ATTACK, status=Status.FAILED, reason=ATTACK)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An image that is verified, one that has only a profile, and one without anything."""
    (tmp_path / "home").mkdir()
    fake_host(monkeypatch, tmp_path / "home")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    cves.cache_clear()
    fleet = tmp_path / "policies"
    write_files(fleet / "web" / "profile", {PROFILE_FILE: encode(stored_profile())})
    write_files(fleet / "idle" / "profile", {PROFILE_FILE: encode(other_profile())})
    made = ("policy", fleet / "web" / "profile", "-o", fleet / "web" / "policy")
    assert check(tmp_path, *made)[0] == 0
    verification = passed(load_policy(fleet / "web" / "policy"))
    assert verification.certificate is not None
    digest = read_enforced(fleet / "web" / "policy").digest
    certificate = msgspec.structs.replace(verification.certificate, policy=digest)
    verification = msgspec.structs.replace(verification, certificate=certificate)
    write_files(fleet / "web" / "policy", {VERIFICATION_FILE: encode(verification)})
    _write(tmp_path, WEB, IDLE, LOST)
    yield tmp_path
    cves.cache_clear()


def _write(place: Path, *images: Result) -> None:
    document = document_text("fleet", Summary(images=images))
    write_files(place / "policies", {DOCUMENT_FILE: document.encode()})


def _report(place: Path, *words: str) -> tuple[int, str, str]:
    return check(place, "report", *(word.replace("DIR", str(place)) for word in words))


def _pages(place: Path) -> dict[str, Page]:
    return {each.name: Page(each.read_bytes()) for each in (place / "pages").iterdir()}


def _rows(place: Path) -> dict[str, str]:
    """What each image came to, with its reasons."""
    index = _pages(place)["index.html"]
    heads = [each for each in index.named("th") if each.attributes.get("scope") == "row"]
    cells = index.named("td")[::6]
    return {head.content: cell.content for head, cell in zip(heads, cells, strict=True)}


def test_a_page_for_each_that_was_profiled_and_one_of_all(place: Path) -> None:
    code, out, err = _report(place, "DIR/policies", "-o", "DIR/pages")
    assert code == 0
    assert [line.split(",")[0] for line in out.splitlines()[:2]] == [
        "web.html: example/server:1",
        "idle.html: example/server:1-2",
    ]
    assert out.splitlines()[2].startswith("lost, no page: </code></script>")
    assert err.endswith("pages/index.html\n")
    found = _pages(place)
    assert found.keys() == {"index.html", "web.html", "idle.html"}
    links = [each.attributes["href"] for each in found["index.html"].named("a")]
    assert links == ["web.html", "idle.html"]
    assert found["index.html"].named("h1")[0].content == "BeaCon: fleet policies"
    for name in links:
        (up, *_) = found[name or ""].named("header")
        assert "All pages" in up.content
    assert "The policy in web/policy; verified" in found["web.html"].by_id("shown").content
    assert "beacon policy web/profile" in found["web.html"].by_id("intent").content


def test_each_row_says_what_it_came_to(place: Path) -> None:
    _report(place, "DIR/policies", "-o", "DIR/pages")
    rows = _rows(place)
    assert rows["webweb:1"] == "verified: nothing differs under the policy"
    assert rows["idleidle:1"] == "failednothing listens"
    (lost,) = (words for name, words in rows.items() if name.startswith("lost"))
    assert lost.startswith(f"failed{SHOWN}")


def test_the_document(place: Path) -> None:
    code, out, _ = _report(place, "DIR/policies", "-o", "DIR/pages", "--json")
    assert code == 0
    document = json.loads(out)
    assert document["schema"] == "beacon.report/1"
    assert [each["file"] for each in document["pages"]] == ["web.html", "idle.html"]
    assert [each["name"] for each in document["without"]] == ["lost"]
    assert SHOWN in document["without"][0]["reason"]


def test_a_policy_that_is_edited_is_not_verified_any_more(place: Path) -> None:
    path = place / "policies" / "web" / "policy" / "docker.args"
    path.write_text(path.read_text() + "\n")
    _report(place, "DIR/policies", "-o", "DIR/pages")
    assert _rows(place)["webweb:1"].startswith("not verified: the verification beside it is of")


def test_one_damaged_image_stops_no_other(place: Path) -> None:
    (place / "policies" / "web" / "policy" / "policy.json").write_text("{")
    code, out, err = _report(place, "DIR/policies", "-o", "DIR/pages")
    assert code == 1
    assert "web, no page: " in out
    assert "Warning: web has no page: " in err
    assert _pages(place).keys() == {"index.html", "idle.html"}
    assert "policy.json is damaged" in _rows(place)["webweb:1"]
    assert _rows(place)["webweb:1"].startswith("not verified")


def test_the_page_of_an_image_that_has_none_any_more_goes(place: Path) -> None:
    _report(place, "DIR/policies", "-o", "DIR/pages")
    (place / "policies" / "idle" / "profile" / PROFILE_FILE).unlink()
    _report(place, "DIR/policies", "-o", "DIR/pages")
    assert _pages(place).keys() == {"index.html", "web.html"}


@pytest.mark.parametrize(("file", "number"), [("profile", 0), ("policy", 1)])
def test_a_profile_of_another_image_is_left_out(place: Path, file: str, number: int) -> None:
    """As a fleet leaves it that was begun anew with the name for another image, and failed."""
    other: Any = stored_profile()
    image = msgspec.structs.replace(other.image, id="sha256:1", reference="other:1")
    other = msgspec.structs.replace(other, image=image)
    write_files(place / "policies" / "web" / "profile", {PROFILE_FILE: encode(other)})
    if file == "profile":
        (place / "policies" / "web" / "policy" / "policy.json").unlink()
    _report(place, "DIR/policies", "-o", "DIR/pages")
    shown = ("other:1", "example/server:1")[number]
    assert _pages(place)["web.html"].named("h1")[0].content == shown


@pytest.mark.parametrize("name", ["../out", "/tmp/out", ATTACK, "index.html/../../out"])
def test_a_name_leads_nowhere_else(place: Path, name: str) -> None:
    _write(place, WEB, msgspec.structs.replace(LOST, name=name))
    code, _, err = _report(place, "DIR/policies", "-o", "DIR/pages")
    assert code == 2
    assert "is damaged" in err
    assert not (place / "pages").exists()


def test_an_image_that_is_called_as_the_index_is(place: Path) -> None:
    (place / "policies" / "web").rename(place / "policies" / "index")
    _write(place, msgspec.structs.replace(WEB, name="index"))
    assert _report(place, "DIR/policies", "-o", "DIR/pages")[0] == 0
    assert _pages(place).keys() == {"index.html", "index-2.html"}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("DIR/policies", "-o", "DIR/web.html"), "give a folder with -o"),
        (("DIR/policies", "DIR/policies/web/profile", "-o", "DIR/pages"), "name it alone"),
    ],
)
def test_a_fleet_makes_a_folder_of_its_own(place: Path, words: tuple[str, ...], said: str) -> None:
    code, _, err = _report(place, *words)
    assert (code, said in err) == (2, True)


def test_a_fleet_that_has_not_ended(place: Path) -> None:
    (place / "policies" / DOCUMENT_FILE).rename(place / "policies" / JOURNAL_FILE)
    code, _, err = _report(place, "DIR/policies", "-o", "DIR/pages")
    assert code == 2
    assert "continue it with `beacon fleet --resume`" in err


def test_a_file_that_is_no_page_of_ours_stays(place: Path) -> None:
    """Its name is the fleet's choice, and nothing takes its place."""
    (mine := place / "pages" / "lost.html").parent.mkdir()
    mine.write_text("mine")
    (folder := place / "pages" / "other.html").mkdir()
    other = msgspec.structs.replace(LOST, name="other")
    _write(place, WEB, LOST, other)
    code, _, err = _report(place, "DIR/policies", "-o", "DIR/pages")
    assert code == 0, err
    assert mine.read_text() == "mine"
    assert folder.is_dir()
