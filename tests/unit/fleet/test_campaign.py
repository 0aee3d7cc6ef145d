"""One image from profile to verdict; what runs containers is a fake."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from beacon.campaign.request import ProfileRequest, VerifyRequest
from beacon.campaign.seal import is_sealed, seal
from beacon.engines.choose import EngineChoice
from beacon.errors import UsageError
from beacon.fleet import campaign
from beacon.fleet.campaign import why, work
from beacon.fleet.image import FleetImage, Unit
from beacon.fleet.job import Job
from beacon.fleet.result import Status
from beacon.model.files import PROFILE_FILE, encode, load_policy
from beacon.model.launch import Launch
from beacon.model.run import Ending
from beacon.model.verification import Verification
from builders import call, profile, run
from unit.cli.stored import failed, passed, stored_profile


@pytest.fixture(autouse=True)
def asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[ProfileRequest | VerifyRequest]:
    """What was asked for of the campaigns."""
    found: list[ProfileRequest | VerifyRequest] = []
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))

    def recording(request: ProfileRequest, _: object) -> object:
        found.append(request)
        return stored_profile()

    def verifying(request: VerifyRequest, _: object) -> Verification:
        found.append(request)
        return passed(load_policy(request.policy))

    monkeypatch.setattr(campaign, "profile_image", recording)
    monkeypatch.setattr(campaign, "verify", verifying)
    return found


def job(directory: Path | None, **fields: object) -> Job:
    entry = FleetImage(image="web:1", name="web", max_runs=7, quick=True, launch=Launch(user="1"))
    place = None if directory is None else str(directory)
    return msgspec.structs.replace(Job(Unit(entry), 2, place), **fields)


def test_a_campaign_on_this_host(
    tmp_path: Path, asked: list[ProfileRequest | VerifyRequest]
) -> None:
    told: list[str] = []
    done = work(job(tmp_path / "web", resume=True), told.append)
    result = done.result
    assert (result.status, result.reason) == (Status.VERIFIED, None)
    assert (result.runs, result.syscalls > 0, result.cves > result.cves_stopped > 0) == (
        len(stored_profile().runs),
        True,
        True,
    )
    assert told == ["profiling", "verifying"]
    assert not done.files
    profiled, verified = asked
    assert isinstance(profiled, ProfileRequest)
    assert isinstance(verified, VerifyRequest)
    assert (profiled.max_runs, profiled.jobs, profiled.resume) == (7, 2, True)
    assert (verified.quick, verified.consent.launch.user) == (True, "1")
    assert not verified.consent.trust
    assert is_sealed(load_policy(tmp_path / "web" / "policy"))


def test_the_engine_runs_both_the_profile_and_the_verification(
    tmp_path: Path, asked: list[ProfileRequest | VerifyRequest]
) -> None:
    choice = EngineChoice("podman", "crun")
    plain = job(tmp_path / "web")
    work(msgspec.structs.replace(plain, unit=replace(plain.unit, engine=choice)), print)
    assert [each.engine for each in asked] == [choice, choice]


def test_nothing_stays_of_a_former_policy(
    tmp_path: Path, asked: list[ProfileRequest | VerifyRequest]
) -> None:
    place = tmp_path / "web" / "policy"
    place.mkdir(parents=True)
    for name in ("seccomp.oci.tar", "seccomp.audit.json", "notes.txt"):
        (place / name).write_text("of before")
    work(job(tmp_path / "web"), lambda _: None)
    assert (place / "policy.json").exists()
    assert not (place / "seccomp.oci.tar").exists()
    assert not (place / "seccomp.audit.json").exists()
    assert (place / "notes.txt").exists()


def test_a_campaign_elsewhere_brings_its_files_and_leaves_none() -> None:
    done = work(job(None), lambda _: None)
    assert {"profile/profile.json", "policy/policy.json", "policy/seccomp.json"} <= {*done.files}
    assert not any(name.endswith(".jsonl") for name in done.files)


def test_what_another_host_recorded_is_not_sealed_here(tmp_path: Path) -> None:
    own, foreign = seal(stored_profile()), stored_profile()
    for recorded, expected in ((own, True), (foreign, False)):
        files = {PROFILE_FILE: encode(recorded)}
        assert work(job(tmp_path / "web", profile=files), print).result.status is Status.VERIFIED
        assert is_sealed(load_policy(tmp_path / "web" / "policy")) is expected


def test_a_host_that_only_records(
    tmp_path: Path, asked: list[ProfileRequest | VerifyRequest]
) -> None:
    done = work(job(tmp_path / "web", record_only=True), print)
    assert (done.result.status, len(asked)) == (Status.RECORDED, 1)


def test_an_error_and_an_incomplete_profile_are_reasons(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    died = profile(run(call("read"), ending=Ending.DIED))
    monkeypatch.setattr(campaign, "profile_image", lambda *_: died)
    result = work(job(tmp_path / "web"), print).result
    assert result.status is Status.FAILED
    assert "died" in str(result.reason)

    def refuse(*_: object) -> None:
        raise UsageError("There is no image: pull it.")

    monkeypatch.setattr(campaign, "profile_image", refuse)
    result = work(job(tmp_path / "web"), print).result
    assert (result.status, result.reason) == (Status.FAILED, "There is no image: pull it.")


def test_why_a_verification_failed(tmp_path: Path) -> None:
    work(job(tmp_path / "web"), print)
    said = why(failed(load_policy(tmp_path / "web" / "policy")))
    assert "and" in said
    assert "more" in said
    assert why(msgspec.structs.replace(passed(load_policy(tmp_path / "web" / "policy")), runs=()))
