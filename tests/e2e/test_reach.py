"""What an image's programs can call: through the engine, of real and of hostile images."""

from __future__ import annotations

import io
import json
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from beacon.model.files import load_profile
from beacon.model.reach import Scope
from beacon.reach.agreement import missed
from e2e.commands import beacon, docker

HOSTILE = "beacon-test-hostile-files"
_TOO_LARGE = (192 << 20) + 1


def test_a_profile_says_what_its_programs_can_call(tmp_path: Path) -> None:
    words = ("--strategy", "baseline", "--ready-after", "0.5", "-o", tmp_path)
    done = beacon("profile", *words, "debian:bookworm-slim", "sh", "-c", "id; exec sleep 1000")
    assert done.returncode == 0, done.stderr
    assert "Analysing what the image's programs can call." in done.stderr
    profile = load_profile(tmp_path)
    observations = [run.observation for run in profile.runs]
    ran = {program.path for each in observations for program in each.programs}
    assert ran == {"/usr/bin/dash", "/usr/bin/id", "/usr/bin/sleep"}
    assert profile.reach is not None
    assert missed(profile.reach, observations, Scope.RUN) == set()
    assert "swapon" not in profile.reach.within(Scope.BESIDE)
    assert "swapon" in profile.reach.within(Scope.IMAGE)
    shown = beacon("reach", tmp_path, "--scope", "run")
    assert "/usr/bin/sleep imports nanosleep" in " ".join(shown.stdout.split())
    assert shown.returncode == 0


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    path = tmp_path_factory.mktemp("hostile") / "image.tar"
    with tarfile.open(path, "w") as made:
        for name, content in {
            "bin/broken\n\x1b[2J": b"\x7fELF" + bytes(range(256)),
            "bin/cut": Path("/bin/true").read_bytes()[:5000],
            "bin/large": b"\x7fELF" + bytes(_TOO_LARGE),
            "bin/script": b"#!/loop/loop -x\n" + b"loop " * 1000,
            "var/lib/dpkg/info/a.list": b"/bin/cut\n" * 1000,
        }.items():
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(content), 0o755
            made.addfile(member, io.BytesIO(content))
        for name, target in (("loop", "loop"), ("up", "../../.."), ("bin/a", "b"), ("bin/b", "a")):
            member = tarfile.TarInfo(name)
            member.type, member.linkname = tarfile.SYMTYPE, target
            made.addfile(member)
        hard = tarfile.TarInfo("bin/hard")
        hard.type, hard.linkname = tarfile.LNKTYPE, "bin/cut"
        made.addfile(hard)
    command = ["docker", "import", "--change", 'CMD ["/bin/script"]', str(path), HOSTILE]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    yield HOSTILE
    docker("rmi", "--force", HOSTILE, check=False)


def test_a_hostile_image_is_named_file_by_file(hostile: str) -> None:
    done = beacon("reach", hostile, "--scope", "image", "--json")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    reasons = {each["file"]: each["reason"] for each in document["unresolved"]}
    assert reasons["/bin/large"] == "not read: larger than 192 MiB"
    assert reasons["/bin/broken\\n\\x1b[2J"].startswith("code for machine ")
    assert reasons["/bin/cut"].startswith("file not read: ")
    assert document["calls"] == []
    plain = beacon("reach", hostile, "--scope", "image")
    assert "\x1b" not in plain.stdout


def test_no_image_is_one_sentence(tmp_path: Path) -> None:
    done = beacon("reach", "beacon-test-no-such-image")
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
