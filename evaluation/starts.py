"""Whether a verified policy starts its container each time, also on a busy host.

usage: starts.py DIR   (exit code 10 if a start failed)

Five kinds of images are profiled, their policies verified, and each is started sixty times by a
plain `docker run` with docker.args on a calm host, and sixty times while all processors are busy.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import msgspec

from beacon.campaign.enforced import read_enforced
from beacon.campaign.runtime_bundle import static_program
from beacon.campaign.runtime_measuring import busy
from beacon.model.files import load_policy
from catalogue import BEACON, settings
from markdown import table

_STARTS = 60
_ALIVE = 0.5  # seconds that a started container has to live
_STATIC = "beacon-evaluation/static"
_SLEEP = ("debian:bookworm-slim", "sh", "-c", "sleep 1000; true")


class _Kind(msgspec.Struct, frozen=True):
    name: str
    command: tuple[str, ...]  # the image and its command
    profile: tuple[str, ...] = ("--strategy", "baseline")
    options: tuple[str, ...] = ()  # of docker run


def _kinds() -> list[_Kind]:
    with_init = ("--strategy", "one-at-a-time", "--dimensions", "init")
    return [
        _Kind("a shell's sleep", _SLEEP),
        _Kind("nginx", ("beacon/nginx",), ("--strategy", "baseline", *_settings("nginx"))),
        _Kind("a static program", (_STATIC,)),
        _Kind(
            "Tomcat (Java)", ("beacon/tomcat",), ("--strategy", "baseline", *_settings("tomcat"))
        ),
        _Kind("a shell's sleep under --init", _SLEEP, with_init, ("--init",)),
    ]


def _settings(name: str) -> tuple[str, str]:
    return "--settings", str(settings(name))


def _build_static() -> None:
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder) / "wait"
        program.write_bytes(static_program(lasting=True))
        program.chmod(0o755)
        lines = ("FROM scratch", "COPY wait /wait", "STOPSIGNAL SIGKILL", 'CMD ["/wait"]')
        (Path(folder) / "Dockerfile").write_text("\n".join(lines))
        command = ["docker", "build", "--quiet", "--tag", _STATIC, folder]
        subprocess.run(command, stdout=sys.stderr, check=True)


def _policy(kind: _Kind, directory: Path) -> Path:
    """Profile, derive, verify; the policy's directory."""
    recorded, policy = directory / "profile", directory / "policy"
    for words in (
        ("profile", *kind.profile, "-o", str(recorded), *kind.command),
        ("policy", str(recorded), "-o", str(policy)),
        ("verify", str(policy)),
    ):
        done = subprocess.run([BEACON, *words], stdout=sys.stderr)
        if done.returncode:
            sys.exit(f"beacon {words[0]} of {kind.name} ended with {done.returncode}.")
    return policy


def _failures(kind: _Kind, policy: Path) -> list[str]:
    """Why starts failed, of sixty."""
    options = read_enforced(policy).options(policy)
    return [said for _ in range(_STARTS) if (said := _start(kind, options)) is not None]


def _start(kind: _Kind, options: list[str]) -> str | None:
    command = ["docker", "run", "--detach", *kind.options, *options, *kind.command]
    done = subprocess.run(command, capture_output=True, text=True)
    identifier = done.stdout.strip()
    try:
        if done.returncode:
            return done.stderr.strip()
        time.sleep(_ALIVE)
        form = "{{.State.Running}} {{.State.ExitCode}}"
        asked = ["docker", "inspect", "--format", form, identifier]
        state = subprocess.run(asked, capture_output=True, text=True).stdout.strip()
        return None if state == "true 0" else f"it ended: {state}"
    finally:
        if identifier:
            subprocess.run(["docker", "rm", "--force", identifier], capture_output=True)


@contextmanager
def _told(kind: _Kind, host: str) -> Iterator[None]:
    began = time.monotonic()
    yield
    print(f"{kind.name}, {host}: {time.monotonic() - began:.0f} s", file=sys.stderr)


def main(arguments: list[str]) -> None:
    if not arguments:
        sys.exit(__doc__)
    _build_static()
    rows, reasons = [], []
    for number, kind in enumerate(_kinds()):
        policy = _policy(kind, Path(arguments[0]) / f"starts-{number}")
        counts = []
        for host, load in (("calm", nullcontext), ("busy", busy)):
            with _told(kind, host), load():
                failed = _failures(kind, policy)
            counts.append(f"{_STARTS - len(failed)} of {_STARTS}")
            reasons += failed
        calls = len(load_policy(policy).names())
        rows.append([kind.name, str(calls), *counts])
    print(table(["container", "system calls", "starts", "on a busy host"], rows))
    print(f"\nFailures: {'; '.join(sorted(set(reasons))) or 'none'}.")
    sys.exit(10 if reasons else 0)


if __name__ == "__main__":
    main(sys.argv[1:])
