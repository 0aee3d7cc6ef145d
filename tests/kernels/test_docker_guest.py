"""A real Docker under systemd and cgroup v2: a profile, its policy, and that policy verified."""

from __future__ import annotations

import io
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from kernel.guest import Tree
from kernel.guest.kernel import DEFAULT_CACHE
from kernel.guest.python import package_trees
from kernel.guest.system import JOB, run_in_system

REPOSITORY = Path(__file__).resolve().parents[2]
_SERVER = REPOSITORY / "tests" / "e2e" / "update" / "server.c"
_PATIENCE = 2400.0
#: Fails at the first command that does; the words of each are shown where one fails.
_SCRIPT = f"""\
#!/bin/sh
set -ex
export PYTHONPATH={JOB}/src:{JOB}/packages HOME=/root
uname -r
docker info --format 'cgroup v{{{{.CgroupVersion}}}} by {{{{.CgroupDriver}}}}'
docker import --change 'ENTRYPOINT ["/server"]' --change 'EXPOSE 80' {JOB}/image.tar server:1
cd /root
python3 -m beacon doctor
python3 -m beacon profile --strategy baseline --workload tcp -o profile server:1
python3 -m beacon policy profile -o policy
python3 -m beacon verify --starts 1 policy
test -z "$(docker ps --all --quiet)"
"""


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """A root file system of one program, as `docker import` takes it."""
    program = tmp_path / "server"
    flags = ("-static", "-O2", "-DVERSION=1", '-DVERSION_TEXT="1"')
    subprocess.run(["gcc", *flags, "-o", str(program), str(_SERVER)], check=True)
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as tar:
        tar.add(program, "server")
    archive = tmp_path / "image.tar"
    archive.write_bytes(content.getvalue())
    return archive


def _trees(image: Path) -> Iterator[Tree]:
    yield image, "image.tar"
    yield REPOSITORY / "src", "src"
    for path, _ in package_trees(["beacon-policy"]):
        yield path, f"packages/{path.name}"


def test_a_policy_is_recorded_and_verified(image: Path, tmp_path: Path) -> None:
    ended = run_in_system(
        _trees(image), _SCRIPT, scratch=tmp_path, cache=DEFAULT_CACHE, timeout=_PATIENCE
    )
    assert ended.exit_code == 0, ended.output
    assert "cgroup v2 by systemd" in ended.output
    assert "Verified: starts (1 of 1)" in ended.output, ended.output
