"""A Deployment from its manifest to a proven policy, over CRI."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from beacon.model.event import Phase
from beacon.model.files import load_policy, load_profile
from beacon.model.launch import MadeNetwork
from beacon.model.run import Ending

_MANIFEST = Path(__file__).parent / "pods" / "web.yaml"


def _beacon(*words: str | Path, code: int = 0) -> str:
    command = [sys.executable, "-m", "beacon", *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def policy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pods")
    words = ["--container", "nginx", "--strategy", "baseline", "--jobs", "2"]
    _beacon("profile", "--pod", _MANIFEST, *words, "-o", folder / "profile")
    _beacon("policy", folder / "profile", "-o", folder / "policy")
    return folder / "policy"


def test_a_container_is_profiled_with_its_hooks_and_probes(policy: Path) -> None:
    profile = load_profile(policy.parent / "profile")
    launch = profile.launch
    assert (launch.network, launch.network_alias) == (MadeNetwork.POD, ("nginx",))
    assert "WORD=open sesame" in launch.env
    assert [run.outcome.ending for run in profile.runs] == [Ending.SERVED, Ending.SERVED]
    for run in profile.runs:
        by = {(each.path, each.phase) for each in run.observation.programs}
        seen = {(path.rpartition("/")[2], phase) for path, phase in by}
        # What the exec probe and the preStop hook run is the container's own.
        assert ("basename", Phase.EXEC) in seen
        assert ("dirname", Phase.EXEC) in seen
        # The init container and the sidecar are others'.
        assert not [path for path, _ in by if path.endswith(("/cp", "/touch"))]


def test_its_policy_is_proven_with_all_around_it(policy: Path) -> None:
    said = _beacon("verify", "--pod", _MANIFEST, "--starts", "1", policy)
    assert "Verified" in said
    certificate = json.loads((policy / "verification.json").read_text())["certificate"]
    assert certificate["host"]["engine"].startswith("cri containerd")


def test_without_its_manifest_a_policy_says_what_is_missing(policy: Path) -> None:
    for words in (
        ("verify", "--engine", "cri", policy),
        ("check", "--engine", "cri", "--policy", policy, "beacon/nginx"),
        ("ablate", "--engine", "cri", policy.parent / "profile"),
    ):
        assert "name its manifest with --pod" in _beacon(*words, code=2)


def test_an_update_is_checked_in_the_place_of_the_manifest_s_image(
    policy: Path, tmp_path: Path
) -> None:
    manifest = tmp_path / "web.yaml"
    manifest.write_text(_MANIFEST.read_text().replace("beacon/nginx", "beacon.invalid/former:1"))
    words = ("check", "--starts", "0", "--pod", manifest, "--policy", policy)
    assert "works under it" in _beacon(*words, "beacon/nginx")
    # What shows that the Pod is around: without its files no probe passes.
    lacks = manifest.read_text().replace("touch /shared/kept", "touch /shared/kept && exit 1")
    manifest.write_text(lacks)
    assert "beside it failed" in _beacon(*words, "beacon/nginx", code=11)


def test_an_ablation_has_the_pod_around_each_run(policy: Path, tmp_path: Path) -> None:
    profile = tmp_path / "profile"
    shutil.copytree(policy.parent / "profile", profile)
    words = ("ablate", "--pod", _MANIFEST, "--max-runs", "6", "--starts", "0")
    assert "the whole policy: nothing breaks" in _beacon(*words, profile)
    found = json.loads((profile / "ablation.json").read_text())
    assert 0 < found["runs"] <= 6
    # Answers of other Pods are not continued after.
    manifest = tmp_path / "web.yaml"
    manifest.write_text(_MANIFEST.read_text().replace("    hello\n", "    good day\n"))
    other = ("ablate", "--pod", manifest, "--starts", "0", "--resume")
    assert "is of another campaign" in _beacon(*other, profile, code=2)


def test_a_policy_that_denies_too_much_fails(policy: Path, tmp_path: Path) -> None:
    profile, narrower = policy.parent / "profile", tmp_path / "policy"
    _beacon("policy", profile, "--deny", "listen", "-o", narrower)
    assert "listen" not in load_policy(narrower).names()
    said = _beacon("verify", "--pod", _MANIFEST, "--quick", "--starts", "0", narrower, code=10)
    assert "listen" in said


def test_the_written_manifest_is_what_is_verified(tmp_path: Path) -> None:
    """A right that only kubernetes.yaml lacks is missed, though docker.args still has it."""
    _beacon("profile", "--strategy", "baseline", "-o", tmp_path / "p", "beacon/nginx")
    _beacon("policy", tmp_path / "p", "-o", tmp_path / "q")
    verify = ("verify", "--engine", "cri", "--quick", "--starts", "0", tmp_path / "q")
    assert "as kubernetes.yaml says" in _beacon(*verify)
    manifest = tmp_path / "q" / "kubernetes.yaml"
    text = manifest.read_text()
    assert text.count("        - SETGID\n") == 1
    manifest.write_text(text.replace("        - SETGID\n", ""))
    assert "CAP_SETGID" in _beacon(*verify, code=10)
