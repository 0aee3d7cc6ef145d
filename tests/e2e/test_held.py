"""Capabilities that are held, not asked for: a file's own, through real images and policies."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from beacon.model.entry import Basis
from beacon.model.event import Capability
from beacon.model.files import load_policy
from e2e.commands import beacon, docker

IMAGE = "beacon-test-held"
#: setxattr(2) by perl, which the base image has: cap_net_bind_service=ep (1 << 10), revision 2.
DOCKERFILE = r"""FROM debian:bookworm-slim
RUN cp /bin/sleep /usr/local/bin/s && perl -e '$v = pack("V5", 0x02000001, 1 << 10, 0, 0, 0); \
$f = "/usr/local/bin/s"; $n = "security.capability"; \
syscall(188, $f, $n, $v, length $v, 0) == 0 or die $!'
STOPSIGNAL SIGKILL
CMD ["s", "1000"]
"""


@pytest.fixture(scope="module")
def image() -> Iterator[str]:
    build = ["docker", "build", "--quiet", "--tag", IMAGE, "-"]
    subprocess.run(build, input=DOCKERFILE, text=True, check=True, stdout=subprocess.DEVNULL)
    yield IMAGE
    docker("rmi", "--force", IMAGE, check=False)


def done(*words: str | Path) -> str:
    result = beacon(*words)
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_a_file_that_carries_a_capability(image: str, tmp_path: Path) -> None:
    recorded, policy = tmp_path / "profile", tmp_path / "policy"
    done("profile", "--strategy", "baseline", "--ready-after", "0.5", "-o", recorded, image)
    done("policy", recorded, "-o", policy)
    entries = load_policy(policy).entries
    rights = [each for each in entries if isinstance(each.event, Capability)]
    (kept,) = [each for each in rights if each.basis is Basis.SEEN]
    assert kept.event == Capability("CAP_NET_BIND_SERVICE")
    assert list(kept.held) == ["execve of /usr/local/bin/s, which carries it"]
    done("verify", "--starts", "1", policy)

    done("policy", recorded, "-o", policy, "--deny", kept.event.name)
    failed = beacon("verify", "--starts", "0", policy)
    assert failed.returncode == 10
    assert "denied as you asked: CAP_NET_BIND_SERVICE" in failed.stdout
    assert "/usr/local/bin/s, which carries it" in failed.stdout
