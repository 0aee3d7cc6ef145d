"""What `beacon policy` writes for others when it is asked to, and what it says of that."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from beacon.data.dimensions import general
from beacon.export.optional import OPTIONAL_FILES, optional_exporters
from beacon.model.environment import Environment, EnvironmentSpace
from beacon.model.files import PROFILE_FILE, encode, load_policy, write_files
from builders import call, profile, run
from unit.documents.harness import check, fake_host

MANIFEST = """\
kind: Pod
apiVersion: v1
metadata: {name: web}
spec: {containers: [{name: web, image: IMAGE}]}
"""
DIGEST = f"example/web@sha256:{'0' * 64}"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """With a profile in which one environment proves a hardened launch."""
    (tmp_path / "home").mkdir()
    fake_host(monkeypatch, tmp_path / "home")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    names = {"hardened", "hardened-user"}
    own = EnvironmentSpace(tuple(d for d in general() if d.name in names), ("/run",))
    runs = [run(call("read"), workload="http")]
    for name, value in (("hardened", "own-user"), ("hardened-user", "nobody")):
        varied = msgspec.structs.replace(runs[0], environment=Environment.of([(name, value)]))
        runs.append(varied)
    made = msgspec.structs.replace(profile(*runs), surroundings=own)
    image = msgspec.structs.replace(made.image, reference="example/web:1")
    made = msgspec.structs.replace(made, image=image)
    write_files(tmp_path / "profile", {PROFILE_FILE: encode(made)})
    return tmp_path


def policy(place: Path, *options: str) -> tuple[int, str, str]:
    return check(place, "policy", str(place / "profile"), "-o", str(place / "policy"), *options)


def names(place: Path) -> set[str]:
    return {each.name for each in (place / "policy").iterdir()}


def test_without_an_option_there_is_none(place: Path) -> None:
    assert policy(place)[0] == 0
    assert not names(place) & set(OPTIONAL_FILES)
    assert load_policy(place / "policy").hardening is None


def test_each_is_written_by_its_name_and_removed_when_it_is_not_asked_for(place: Path) -> None:
    wanted = [word for name in optional_exporters() for word in ("--export", name)]
    (place / "web.yaml").write_text(MANIFEST.replace("IMAGE", DIGEST))
    patch = ("--patch", str(place / "web.yaml"), "--image", DIGEST)
    code, out, err = policy(place, *wanted, *patch)
    assert (code, names(place) & set(OPTIONAL_FILES)) == (0, set(OPTIONAL_FILES)), err
    assert "exported      systemd.conf\n              wider than the policy: systemd lets" in out
    assert "exported      kubernetes.patch.yaml\n" in out
    assert policy(place, "--export", "helm")[0] == 0
    assert names(place) & set(OPTIONAL_FILES) == {"helm.values.yaml"}


def test_hardening_says_what_it_does_and_which_run_proved_it(place: Path) -> None:
    code, out, _ = policy(place, "--harden")
    assert code == 0
    words = "--security-opt no-new-privileges=true --user 65534:65534 --read-only --tmpfs /run"
    assert f"hardened      by {words}\n" in out
    assert "which http@hardened-user=nobody proved\n" in out
    assert "kubernetes    Pod Security level: restricted\n" in out
    assert (place / "policy" / "docker.args").read_text().endswith(f"{words}\n")


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (("--container", "web"), "--container is about --patch"),
        (("--image", DIGEST), "--image is about --patch"),
        (("--export", "admission"), "has no digest"),
        (("--patch", "nowhere.yaml"), "Cannot read nowhere.yaml"),
        (("--patch", "/dev/null"), "No container in /dev/null runs example/web:1"),
    ],
)
def test_what_is_refused_writes_nothing(place: Path, options: tuple[str, ...], why: str) -> None:
    code, _, err = policy(place, *options)
    assert code == 2
    assert why in err
    assert not (place / "policy").exists() or not names(place)
