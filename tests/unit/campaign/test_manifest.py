"""A policy as its kubernetes.yaml has it."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from beacon.campaign.enforced import read_enforced
from beacon.campaign.manifest import AsManifest, as_manifest
from beacon.campaign.verifying import _enforced
from beacon.engines.choose import EngineChoice
from beacon.errors import UsageError
from beacon.export.all import render_all
from beacon.model.files import load_policy, write_files
from beacon.model.launch import Launch
from beacon.synthesis.synthesize import synthesize
from builders import call, check, profile, run

_LAUNCH = Launch(
    command=("serve", "$HOME"),
    env=("WORD=open sesame",),
    user="5:7",
    read_only=True,
    sysctl=("net.core.somaxconn=9",),
    no_new_privileges=True,
    pids_limit=5,
    dns=("192.0.2.1",),
)


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    recorded = profile(run(call("read"), capabilities=(check("CAP_CHOWN"),)), launch=_LAUNCH)
    write_files(tmp_path, render_all(synthesize(recorded)))
    return tmp_path


def _read(folder: Path) -> AsManifest | None:
    return as_manifest(load_policy(folder), read_enforced(folder), folder)


def test_what_the_file_says_is_what_is_started(policy: Path) -> None:
    found = _read(policy)
    assert found is not None
    assert found.enforcement.capabilities == ("CHOWN",)
    assert found.enforcement.seccomp == (policy / "seccomp.json").read_text()
    assert found.launch == _LAUNCH  # of what Kubernetes has no words for, the recorded


def test_a_change_of_the_file_counts(policy: Path) -> None:
    path = policy / "kubernetes.yaml"
    text = path.read_text().replace("runAsUser: 5", "runAsUser: 6")
    path.write_text(text.replace("        add:\n        - CHOWN\n", ""))
    found = _read(policy)
    assert found is not None
    assert found.enforcement.capabilities == ()
    assert found.launch.user == "6:7"


def test_without_the_file(policy: Path) -> None:
    (policy / "kubernetes.yaml").unlink()
    assert _read(policy) is None


def test_what_is_started_is_said(policy: Path) -> None:
    said: list[str] = []
    reporter: Any = SimpleNamespace(say=said.append)
    request: Any = SimpleNamespace(engine=EngineChoice("cri"), policy=policy)
    subject: Any = SimpleNamespace(policy=load_policy(policy), enforced=read_enforced(policy))
    _enforced(request, subject, reporter)
    (policy / "kubernetes.yaml").unlink()
    _, launch = _enforced(request, subject, reporter)
    assert launch.user == _LAUNCH.user
    assert said == [
        "Each container is started as kubernetes.yaml says.",
        "Note: there is no kubernetes.yaml: each container is started as recorded.",
    ]


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("        - CHOWN\n", "        - CHOWN\n        - SYS_ADMIN\n", "SYS_ADMIN"),
        ("        - ALL\n", "        - CHOWN\n", "does not drop all"),
        ("type: Localhost", "type: Unconfined", "Localhost"),
        ("    sysctls:\n", "    sysctls:\n    - {name: kernel.x, value: '1'}\n", "kernel.x=1"),
        ("spec:\n", "spec:\n  volumes: [{name: h, hostPath: {path: /}}]\n", "--host-path /"),
        ("spec:\n", "spec:\n  hostNetwork: true\n", "hostNetwork"),
        ("spec:\n", "spec:\n  hostPID: true\n  hostIPC: true\n", "hostPID, hostIPC"),
        (
            "    securityContext:\n",
            "    securityContext:\n      appArmorProfile: {type: Unconfined}\n",
            "appArmorProfile",
        ),
        ("    securityContext:\n", "    securityContext:\n      privileged: true\n", "privileged"),
    ],
)
def test_nothing_beyond_what_was_consented_to(policy: Path, old: str, new: str, named: str) -> None:
    path = policy / "kubernetes.yaml"
    text = path.read_text()
    # The last one is the container's.
    head, found, rest = text.rpartition(old)
    assert found
    path.write_text(f"{head}{new}{rest}")
    with pytest.raises(UsageError, match=named):
        _read(policy)
