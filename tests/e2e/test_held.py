"""Capabilities that are held, not asked for: a file's own, through real images and policies."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

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
    capabilities = json.loads((policy / "policy.json").read_text())["capabilities"]
    (kept,) = [each for each in capabilities if each["reserve"] is None]
    assert kept["name"] == "CAP_NET_BIND_SERVICE"
    assert kept["held"] == ["execve of /usr/local/bin/s, which carries it"]
    done("verify", "--starts", "1", policy)

    done("policy", recorded, "-o", policy, "--deny", kept["name"])
    failed = beacon("verify", "--starts", "0", policy)
    assert failed.returncode == 10
    assert "denied as you asked: CAP_NET_BIND_SERVICE" in failed.stdout
    assert "/usr/local/bin/s, which carries it" in failed.stdout
