from __future__ import annotations

import json
from pathlib import Path

import pytest

from beacon.model.files import PROFILE_FILE, encode, write_files
from unit.cli.stored import stored_profile
from unit.documents.harness import check, fake_host


@pytest.fixture
def policy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "home").mkdir()
    fake_host(monkeypatch, tmp_path / "home")
    write_files(tmp_path / "profile", {PROFILE_FILE: encode(stored_profile())})
    assert check(tmp_path, "policy", tmp_path / "profile", "-o", tmp_path / "policy")[0] == 0
    return tmp_path / "policy"


def test_it_runs_without_the_policy_and_then_under_it(policy: Path) -> None:
    file = policy.parent / "out" / "check.json"
    words = ("--trust", "--starts", "1", "--format", f"json={file}", "web:2")
    code, told, said = check(policy.parent, "check", "--policy", policy, *words)
    # The fake container shows nothing and answers nothing, so it fails by itself.
    assert code == 11, told + said
    assert "the policy is not at fault" in told
    assert said.index("Without the policy") < said.index("Under the policy")
    found = json.loads(file.read_text())
    assert (found["schema"], found["verdict"]) == ("beacon.check/1", "environment")
    assert found["needs"] == []
    assert sorted(path.name for path in policy.iterdir()) == [
        "compose.yaml",
        "docker.args",
        "kubernetes.yaml",
        "policy.json",
        "seccomp.json",
        "seccompprofile.yaml",
    ]


def test_under_wider_files_nothing_is_run(policy: Path) -> None:
    profile = json.loads((policy / "seccomp.json").read_text())
    profile["syscalls"].append({"names": ["ptrace"], "action": "SCMP_ACT_ALLOW"})
    (policy / "seccomp.json").write_text(json.dumps(profile))
    code, told, said = check(policy.parent, "check", "--policy", policy, "web:2")
    assert code == 10
    assert "seccomp.json is wider than policy.json, it allows: ptrace" in told
    assert "running" not in said


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--format", "sarif", "--format", "junit"), "Only one format fits on standard output"),
        (("--format", "sarif", "--json"), "Only one format fits on standard output"),
        (("--format", "sarif=a", "--format", "junit=a"), "Two formats have the same file"),
        (("--format", "sarif=/"), "is a directory"),
        (("--format", "text=/dev/null"), "or a device"),
        (("--format", "text=/dev/stdout"), "a link"),
        (("--format", "sarif=/etc/passwd/a"), "is not a directory"),
        (("--format", "html"), "is not FORMAT or FORMAT=FILE"),
        (("--format", "sarif="), "is not FORMAT or FORMAT=FILE"),
    ],
)
def test_refusals(policy: Path, words: tuple[str, ...], why: str) -> None:
    code, told, said = check(policy.parent, "check", "--policy", policy, *words, "web:2")
    assert (code, told) == (2, "")
    assert why in said
    assert "running" not in said
