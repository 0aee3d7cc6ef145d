"""An image that attacks whoever profiles it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from e2e.commands import beacon, docker

NAMES = ("\033[31;1mred", "\033]0;title\a", "<script>x</x>", "a\nb\rc", "\u202egnp.exe")
# A process of each name, which then makes calls that its siblings make too.
SCRIPT = r"""
for name in "$@"; do
  sh -c 'printf %s "$1" > /proc/$$/comm; read x < /etc/hostname; sleep 60' sh "$name" &
done
printf '\033[2J\033]0;owned\007'
sleep 60
"""


@pytest.fixture(scope="module")
def hostile() -> object:
    container = docker("create", "debian:bookworm-slim")
    try:
        command = json.dumps(["sh", "-c", SCRIPT, "sh", *NAMES])
        docker(
            "commit", "--change", f"CMD {command}", "--change", "LABEL \"<b>\"=\"\033[31m\"",
            "--change", "LABEL beacon.session=forged", "--change", "EXPOSE 99/udp",
            container, "beacon-hostile:test",
        )  # fmt: skip
        yield "beacon-hostile:test"
    finally:
        docker("rm", "--force", container)
        docker("rmi", "--force", "beacon-hostile:test", check=False)


def test_a_hostile_image_is_profiled_without_harm(hostile: str, tmp_path: Path) -> None:
    profiled = beacon(
        "profile",
        "--strategy",
        "baseline",
        "-o",
        tmp_path / "profile",
        "--workload",
        "none",
        hostile,
    )
    assert profiled.returncode == 0, profiled.stderr
    derived = beacon("policy", tmp_path / "profile", "-o", tmp_path / "policy")
    assert derived.returncode == 0, derived.stderr
    for text in (profiled.stdout, profiled.stderr, derived.stdout, derived.stderr):
        assert all(character.isprintable() or character == "\n" for character in text)
    for path in (*(tmp_path / "profile").iterdir(), *(tmp_path / "policy").iterdir()):
        assert "\033" not in path.read_text()
        assert "\u202e" not in path.read_text()
    (run,) = json.loads((tmp_path / "profile" / "profile.json").read_bytes())["runs"]
    seen = {name for entry in run["observation"]["syscalls"] for name in entry["processes"]}
    assert any(name.startswith("\\x1b[31;1mre") for name in seen), seen
    assert any(name.startswith("<script>") for name in seen), seen
