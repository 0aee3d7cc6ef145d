from __future__ import annotations

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
    write_files(tmp_path, render_all(synthesize(recorded), tmp_path))
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
        ("docker.args", "seccomp=", "seccomp=/elsewhere"),
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


def test_a_moved_policy_names_the_old_place(policy: Path, tmp_path: Path) -> None:
    moved = tmp_path / "moved"
    moved.mkdir()
    for name in ("docker.args", "seccomp.json"):
        (moved / name).write_bytes((policy / name).read_bytes())
    with pytest.raises(UsageError, match="write the policy again"):
        read_enforced(moved)
