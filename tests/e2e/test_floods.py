"""Servers that answer without end, one for each way of each protocol that BeaCon speaks."""

from __future__ import annotations

import io
import json
import subprocess
import tarfile
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from e2e.commands import BEACON, docker
from e2e.memory import Meter, Usage, gone

pytestmark = pytest.mark.alone

_SOURCES = Path(__file__).parent / "floods"
_IMAGE = "beacon-floods:test"
#: What BeaCon may use altogether, with all its processes, in KiB.
_LIMIT = 256 << 10
_AT_ONCE = 9
#: How the detail of a check begins that flooding, or its limits, ended.
_BROKEN_OFF = ("not tried", "the container sent too much", "the client crashed")

#: Which workload drives what is flooded so, and at which port.
_FLOODS: Mapping[str, tuple[str, int]] = {
    **dict.fromkeys(("redis-bulk", "redis-nested", "redis-array", "redis-string"), ("redis", 6379)),
    **dict.fromkeys(("mysql-packets", "mysql-rows"), ("mysql", 3306)),
    "postgres-rows": ("postgres", 5432),
    "postgres-notices": ("postgres", 5432),
    "postgres-parameters": ("postgres", 5432),
    "http-header": ("http", 80),
    "http-headers": ("php", 80),
    "http-body": ("app", 80),
    "http-trailers": ("http", 80),
    "http-extension": ("http", 80),
    "http-informational": ("http", 80),
    "http-gzip": ("http", 80),
    "http2-settings": ("http", 80),
    "http2-continuation": ("http", 80),
    "http2-data": ("http", 80),
    "websocket-frame": ("app", 80),
    "websocket-fragments": ("app", 80),
    "websocket-messages": ("app", 80),
    "memcached-line": ("memcached", 11211),
    "memcached-value": ("memcached", 11211),
    "memcached-items": ("memcached", 11211),
    "memcached-binary": ("memcached", 11211),
    "amqp-frame": ("amqp", 5672),
    "amqp-frames": ("amqp", 5672),
    "mqtt-message": ("mqtt", 1883),
    "mqtt-messages": ("mqtt", 1883),
    "zookeeper-answer": ("zookeeper", 2181),
    "zookeeper-events": ("zookeeper", 2181),
    "zookeeper-words": ("zookeeper", 2181),
    "registry-pages": ("registry", 5000),
    "registry-redirects": ("registry", 5000),
    "tls-handshake": ("http", 443),
}


@dataclass(frozen=True)
class Flooded:
    """What came of a profile; `seconds` is how long the command took."""

    code: int
    said: str
    seconds: float
    usage: Usage
    runs: list[dict[str, Any]]


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The program, which is also all that the image has."""
    path = tmp_path_factory.mktemp("floods") / "flood"
    sources = sorted(_SOURCES.glob("*.c"))
    options = ("-O2", "-Wall", "-Wextra", "-Werror", "-static", "-pthread")
    subprocess.run(["gcc", *options, "-o", path, *sources], check=True)
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        tar.add(path, "flood")
    ports = " ".join(sorted({str(port) for _, port in _FLOODS.values()}))
    command = ["docker", "import", "--change", f"EXPOSE {ports}", "-", _IMAGE]
    subprocess.run(command, input=archive.getvalue(), capture_output=True, check=True)
    yield path
    docker("rmi", "--force", _IMAGE, check=False)


@pytest.fixture(scope="module")
def flooded(
    program: Path, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Mapping[str, Flooded]:
    """All that are asked for, a few at a time; each is measured by itself."""
    asked = {item.name for item in request.session.items}
    kinds = [kind for kind in _FLOODS if any(name.endswith(f"[{kind}]") for name in asked)]
    folder = tmp_path_factory.mktemp("profiles")
    with Meter() as meter, ThreadPoolExecutor(_AT_ONCE) as pool:
        results = pool.map(lambda kind: _profile(kind, folder / kind, meter), kinds)
        return dict(zip(kinds, results, strict=True))


def _profile(kind: str, output: Path, meter: Meter) -> Flooded:
    workload, port = _FLOODS[kind]
    options = ("--strategy", "baseline", "--workload", workload, "-o", str(output))
    began = time.monotonic()
    with subprocess.Popen(
        [*BEACON, "profile", *options, _IMAGE, "/flood", kind, str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        usage = meter.watch(process.pid)
        _, said = process.communicate(timeout=150)
    written = output / "profile.json"
    runs = json.loads(written.read_bytes())["runs"] if written.exists() else []
    return Flooded(process.returncode, said, time.monotonic() - began, usage, runs)


def test_every_kind_of_flood_is_tried(program: Path) -> None:
    listed = subprocess.run([program], capture_output=True, text=True, check=True)
    assert sorted(listed.stdout.split()) == sorted(_FLOODS)


@pytest.mark.parametrize("kind", _FLOODS)
def test_a_flood_fills_no_memory_and_leaves_nothing(
    kind: str, flooded: Mapping[str, Flooded], capsys: pytest.CaptureFixture[str]
) -> None:
    result = flooded[kind]
    with capsys.disabled():
        together, largest = result.usage.together >> 10, result.usage.largest >> 10
        print(f"\n{kind}: {together} MiB at most, {largest} MiB in one process", end=" ")
        print(f"({result.seconds:.0f} s)", end=" ")
    assert "Traceback" not in result.said
    assert 0 < result.usage.together <= _LIMIT
    assert gone(result.usage)
    assert docker("ps", "--all", "--quiet", "--filter", f"ancestor={_IMAGE}") == ""
    alone, *driven = result.runs
    workload, _ = _FLOODS[kind]
    assert alone["workload"] == "none"
    assert [(run["workload"], run["repeat"]) for run in driven] in (
        [(workload, 0)],
        [(workload, 0), (workload, 1)],
    )
    for run in driven:
        _check(kind, workload, run["outcome"])
    # What failed twice is not supported; what was broken off says nothing, and leaves a gap.
    assert result.code == (1 if len(driven) == 1 or _broken_off(driven) else 0), result.said


def _broken_off(runs: list[dict[str, Any]]) -> bool:
    """Whether a check that never passed came to a limit, or was not tried."""
    checks = [check for run in runs for check in run["outcome"]["checks"]]
    passed = {check["name"] for check in checks if check["passed"]}
    never = (check for check in checks if check["name"] not in passed)
    return any((check["detail"] or "").startswith(_BROKEN_OFF) for check in never)


def _check(kind: str, workload: str, outcome: dict[str, Any]) -> None:
    """It was flooded, and lived to its end; not all that was tried can have passed."""
    assert outcome["ending"] == "served"
    checks = outcome["checks"]
    assert len(checks) == len({check["name"] for check in checks}) > 0
    assert not all(check["passed"] for check in checks)
    sent = int(outcome["log"].removeprefix("sent ").removesuffix(" bytes"))
    assert sent > 1 << 20 or kind == "registry-pages"
