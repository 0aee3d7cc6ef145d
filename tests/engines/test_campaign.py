"""What BeaCon is for, by its command line, with each real engine."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from beacon.engines.interface import Enforcement, Engine, Image
from beacon.model.files import load_policy, load_profile, load_verification
from beacon.model.launch import Launch
from engines.conftest import PARENT
from engines.subjects import DEBIAN, NGINX, Subject

_BEACON = (sys.executable, "-m", "beacon")


def _beacon(*words: object) -> str:
    command = [*_BEACON, *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _options(subject: Subject) -> list[str]:
    runtime = [] if subject.choice.runtime is None else ["--runtime", subject.choice.runtime]
    return ["--engine", subject.name, *runtime]


def test_a_policy_is_recorded_and_verified(subject: Subject, nginx: Image, tmp_path: Path) -> None:
    profile, policy = tmp_path / "profile", tmp_path / "policy"
    few = ("--jobs", "2")
    _beacon(*("profile", *_options(subject), "--strategy", "baseline", *few, "-o", profile, NGINX))
    recorded = load_profile(profile)
    assert recorded.host.engine.startswith(f"{subject.name} ")
    assert recorded.host.runtime.startswith(f"{subject.runtime} ")
    # Of what comes before the entry point, and after it.
    phases = {each.phase for run in recorded.runs for each in run.observation.syscalls}
    assert {"runtime", "start", "serve", "shutdown"} <= set(map(str, phases))
    _beacon("policy", profile, "-o", policy, "--reserve", "none")
    assert load_policy(policy).engines == (recorded.host.engine,)
    said = _beacon("verify", *_options(subject), "--starts", "3", *few, policy)
    assert f"on          {recorded.host.engine}, {recorded.host.runtime}" in said
    verified = load_verification(policy)
    assert verified.certificate is not None
    assert verified.certificate.host == recorded.host
    assert (verified.certificate.starts, verified.certificate.denied) == (3, ())


FLEET = f"""
[[images]]
image = "{DEBIAN}"
name = "shell"
launch.command = ["sh", "-c", "sleep 1000; true"]
strategy = "baseline"
quick = true
starts = 1
"""


def test_a_fleet_is_of_one_engine(subject: Subject, debian: Image, tmp_path: Path) -> None:
    file, output = tmp_path / "fleet.toml", tmp_path / "fleet"
    file.write_text(FLEET)
    words = ("fleet", *_options(subject), "--jobs", "2", "-o", output)
    assert "1 verified" in _beacon(*words, file)
    recorded = load_profile(output / "shell" / "profile").host
    assert recorded.engine.startswith(f"{subject.name} ")
    assert recorded.runtime.startswith(f"{subject.runtime} ")
    verified = load_verification(output / "shell" / "policy")
    assert verified.certificate is not None
    assert verified.certificate.host == recorded
    written = (output / "shell" / "policy" / "verification.json").read_bytes()
    assert "1 verified" in _beacon(*words, "--resume", file)
    assert (output / "shell" / "policy" / "verification.json").read_bytes() == written


def test_a_denied_call_fails_the_verification(
    subject: Subject, debian: Image, tmp_path: Path
) -> None:
    profile, policy = tmp_path / "profile", tmp_path / "policy"
    job = ("--strategy", "baseline", "-o", profile, DEBIAN, "mkdir", "/x")
    _beacon("profile", *_options(subject), *job)
    _beacon("policy", profile, "-o", policy, "--deny", "mkdir")
    command = [*_BEACON, "verify", *_options(subject), "--starts", "0", str(policy)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 10, done.stdout + done.stderr
    assert "mkdir" in done.stdout


@pytest.mark.needs("a daemon")
@pytest.mark.parametrize("number", ["first", "second"])
def test_what_a_running_container_is_denied(
    engine: Engine, subject: Subject, debian: Image, number: str
) -> None:
    profile = (
        '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": '
        '[{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO"}]}'
    )
    # In the second start it is denied something at once, which only the new cgroup shows.
    script = "test -e /seen && mkdir /x; touch /seen; sleep 600"
    launch = Launch(command=("sh", "-c", script))
    made = engine.create(debian, launch, Enforcement(seccomp=profile), cgroup_parent=PARENT)
    with made as container:
        container.start()
        command = [*_BEACON, "watch", "--engine", subject.name, "--for", "12", container.id]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as watch:
            assert watch.stderr is not None
            assert b"Watching" in watch.stderr.readline()
            if number == "first":
                container.exec(["mkdir", "/y"])
            else:
                container.stop(0.2)
                container.start()
            time.sleep(1)
            said, errors = watch.communicate(timeout=60)
        assert watch.returncode == 10, errors
        assert b"denied: mkdir, 1 time, by mkdir" in said
