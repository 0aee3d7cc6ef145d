from __future__ import annotations

import stat
from pathlib import Path

import pytest

from beacon.errors import BeaconError, ExitCode, UsageError
from beacon.model.files import encode, load_policy, load_profile, write_files
from builders import call, check, profile, run


def write_profile(directory: Path) -> None:
    recorded = profile(run(call("read"), capabilities=(check("CAP_CHOWN"),)))
    write_files(directory, {"profile.json": encode(recorded)})


def test_a_profile_survives_the_disk(tmp_path: Path) -> None:
    recorded = profile(run(call("read"), capabilities=(check("CAP_CHOWN"),)))
    write_files(tmp_path / "new" / "directory", {"profile.json": encode(recorded)})
    assert load_profile(tmp_path / "new" / "directory") == recorded


def test_secrets_are_for_the_owner_only(tmp_path: Path) -> None:
    write_files(tmp_path, {"profile.json": b"{}", "policy.json": b"{}", "seccomp.json": b"{}"})
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert modes == {"profile.json": 0o600, "policy.json": 0o600, "seccomp.json": 0o644}


def test_a_failed_write_leaves_what_was_there(tmp_path: Path) -> None:
    write_files(tmp_path, {"seccomp.json": b"old"})
    (tmp_path / "policy.json").mkdir()
    with pytest.raises(BeaconError, match="Cannot write"):
        write_files(tmp_path, {"seccomp.json": b"new", "policy.json": b"new"})
    assert (tmp_path / "seccomp.json").read_bytes() == b"old"
    assert {path.name for path in tmp_path.iterdir()} == {"policy.json", "seccomp.json"}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "damaged"),
        (b"[]", "damaged"),
        (b"\xff\xfe", "damaged"),
        (b'{"version": 1}', "damaged"),
        (b'{"version": "1"}', "damaged"),
        (b'{"version": 99}', "newer"),
    ],
)
def test_damaged_and_newer_documents(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "profile.json").write_bytes(content)
    with pytest.raises(UsageError, match=message) as failure:
        load_profile(tmp_path)
    assert failure.value.exit_code is ExitCode.USAGE


def test_a_cut_off_document_is_damaged(tmp_path: Path) -> None:
    write_profile(tmp_path)
    path = tmp_path / "profile.json"
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(UsageError, match="damaged"):
        load_profile(tmp_path)


def test_missing_documents_name_their_maker(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="`beacon profile`"):
        load_profile(tmp_path)
    with pytest.raises(UsageError, match="`beacon policy`"):
        load_policy(tmp_path / "nowhere")


def test_what_is_outdated_goes(tmp_path: Path) -> None:
    (tmp_path / "verification.json").touch()
    for _ in range(2):
        write_files(tmp_path, {"policy.json": b"new"}, outdated=["verification.json"])
        assert [path.name for path in tmp_path.iterdir()] == ["policy.json"]
