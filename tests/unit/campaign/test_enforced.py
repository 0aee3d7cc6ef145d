from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from beacon.campaign.enforced import read_enforced
from beacon.errors import ExitCode, UsageError
from beacon.export.all import render_all
from beacon.model.files import write_files
from beacon.model.launch import Launch
from beacon.synthesis.synthesize import synthesize
from builders import call, check, profile, run


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    recorded = profile(
        run(call("read"), capabilities=(check("CAP_CHOWN"),)),
        launch=Launch(no_new_privileges=True),
    )
    write_files(tmp_path, render_all(synthesize(recorded)))
    return tmp_path


def test_what_was_written_is_enforced(policy: Path) -> None:
    enforced = read_enforced(policy)
    assert enforced.enforcement.capabilities == ("CHOWN",)
    assert enforced.enforcement.seccomp == (policy / "seccomp.json").read_text()
    assert enforced.no_new_privileges


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("docker.args", "--cap-drop", "--privileged --cap-drop"),
        ("docker.args", "--cap-drop ALL", "--volume /:/host"),
        ("docker.args", "seccomp.json", "other.json"),
        ("docker.args", "--security-opt seccomp=", "--security-opt seccomp=unconfined --cap-add "),
        ("docker.args", "--cap-drop", "--security-opt apparmor=none --cap-drop"),
        ("docker.args", "--cap-drop ALL", "--cap-drop CHOWN"),
        ("docker.args", "--cap-drop ALL", "--cap-drop 'ALL"),
        ("seccomp.json", "{", ""),
        (
            "seccomp.json",
            '"defaultAction": "SCMP_ACT_ERRNO"',
            '"defaultAction": ["SCMP_ACT_ERRNO"]',
        ),
        ("seccomp.json", '"action": "SCMP_ACT_ALLOW"', '"action": ["SCMP_ACT_ALLOW"]'),
        ("seccomp.json", '"action": "SCMP_ACT_ALLOW"', '"errnoRet": 1'),
        ("seccomp.json", '"names": [', '"names": [1,'),
        ("seccomp.json", '"names": [', '"listenerPath": "/run/x", "names": ['),
        ("seccomp.json", "{", '{"DefaultAction": "SCMP_ACT_ALLOW",'),
        ("seccomp.json", "{", '{"defaultAction": "SCMP_ACT_ALLOW",'),
        ("seccomp.json", "{", '{"listenerPath": "/run/x",'),
        ("seccomp.json", "defaultAction", "default"),
    ],
)
def test_files_that_beacon_did_not_write(policy: Path, file: str, old: str, new: str) -> None:
    path = policy / file
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(UsageError) as failure:
        read_enforced(policy)
    assert failure.value.exit_code is ExitCode.USAGE


def test_anybody_can_make_the_digest(policy: Path) -> None:
    line = "sha256sum docker.args seccomp.json | sha256sum"
    said = subprocess.check_output(["sh", "-c", line], cwd=policy, text=True)
    assert said.split()[0] == read_enforced(policy).digest


def of_an_older_version(policy: Path, place: Path) -> None:
    """What an older BeaCon wrote: the path of seccomp.json."""
    path = policy / "docker.args"
    path.write_text(path.read_text().replace("seccomp.json", f"{place}/seccomp.json"))


def moved(policy: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "a moved one"
    folder.mkdir()
    for name in ("docker.args", "seccomp.json"):
        (folder / name).write_bytes((policy / name).read_bytes())
    return folder


def test_a_moved_policy_is_the_same(policy: Path, tmp_path: Path) -> None:
    enforced = read_enforced(moved(policy, tmp_path))
    assert enforced == read_enforced(policy)
    assert enforced.former is None


def test_options_name_the_file_where_it_is(policy: Path, tmp_path: Path) -> None:
    folder = moved(policy, tmp_path)
    assert read_enforced(folder).options(folder) == [
        "--security-opt", f"seccomp={folder.resolve()}/seccomp.json",
        "--security-opt", "no-new-privileges", "--cap-drop", "ALL", "--cap-add", "CHOWN",
    ]  # fmt: skip


def test_a_copied_policy_of_an_older_version(policy: Path, tmp_path: Path) -> None:
    of_an_older_version(policy, policy.resolve())
    copied = moved(policy, tmp_path)
    enforced = read_enforced(copied)
    assert enforced.enforcement == read_enforced(policy).enforcement
    assert enforced.former == str(policy.resolve() / "seccomp.json")
    assert read_enforced(policy).former is None
    (policy / "seccomp.json").unlink()
    assert read_enforced(copied).former == str(policy.resolve() / "seccomp.json")


def test_a_file_in_the_old_place_that_differs(policy: Path, tmp_path: Path) -> None:
    of_an_older_version(policy, policy.resolve())
    copied = moved(policy, tmp_path)
    (policy / "seccomp.json").write_text('{"defaultAction": "SCMP_ACT_ALLOW"}')
    with pytest.raises(UsageError, match="not the same as"):
        read_enforced(copied)
