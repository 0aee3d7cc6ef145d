"""Kinds of workers: what they cannot do is no hole, what they do by chance is no policy's fault.

Builds its image from Debian's packages.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from e2e.commands import beacon, docker

_IMAGE = "beacon-test/workers"
_SOURCES = Path(__file__).with_name("workers")
_GUNICORN = ("gunicorn", "--bind", "0.0.0.0:8000", "--workers", "2", "application:app")
_TIMES = 3


@pytest.fixture(scope="module")
def image() -> str:
    docker("build", "--quiet", "--network", "host", "--tag", _IMAGE, str(_SOURCES))
    return _IMAGE


@pytest.mark.parametrize(
    "command",
    [
        (*_GUNICORN, "--worker-class", "sync"),
        (*_GUNICORN, "--worker-class", "gthread", "--threads", "1"),
        (*_GUNICORN, "--worker-class", "gthread", "--threads", "4"),
        (*_GUNICORN, "--worker-class", "gevent"),
        ("node", "server.js"),
    ],
    ids=("sync", "gthread-1", "gthread-4", "gevent", "node"),
)
def test_the_profile_is_complete_and_the_policy_holds_each_time(
    image: str, command: tuple[str, ...], tmp_path: Path
) -> None:
    profile, policy = tmp_path / "profile", tmp_path / "policy"
    done = beacon("profile", "--strategy", "baseline", "-o", profile, image, *command)
    assert done.returncode == 0, done.stdout + done.stderr
    assert beacon("policy", profile, "-o", policy).returncode == 0
    for _ in range(_TIMES):
        done = beacon("verify", policy)
        assert done.returncode == 0, done.stdout + done.stderr
