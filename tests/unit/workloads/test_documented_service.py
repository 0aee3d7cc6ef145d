"""The service of docs/guides/own-service.md works as the page says."""

from __future__ import annotations

import json
import re
import socketserver
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hatchling.builders.wheel import WheelBuilder

PAGE = Path(__file__).resolve().parents[3] / "docs" / "guides" / "own-service.md"
_FILE = re.compile(r"^`([\w./]+)`[^\n]*:\n\n```\w+\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_PROGRAM = """
import json, sys
from beacon.campaign.service_environments import settings_of
from beacon.model.listener import Listener
from beacon.workloads.detection import DetectionWorkload, spoken
from beacon.workloads.discovery import services, unconfined
from beacon.workloads.interface import Endpoint
port = int(sys.argv[1])
endpoint = Endpoint(container="", address="127.0.0.1", ports=(port,))
service = services()["shout"]
asked = DetectionWorkload((Listener(port),)).drive(endpoint, 10) if sys.argv[2:] else ()
checks = unconfined("shout").drive(endpoint, 20)
print(json.dumps({
    "spoken": [each.workload for each in spoken(asked)],
    "checks": [[each.name, each.passed, each.value] for each in checks],
    "dimensions": [each.name for each in settings_of(service).dimensions],
}))
"""


class _Shout(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        for line in self.rfile:
            self.wfile.write(line.upper())


class _Whisper(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        for line in self.rfile:
            self.wfile.write(line.lower())


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page's files, built into a wheel and unpacked as pip does."""
    source = tmp_path_factory.mktemp("source")
    files = dict(_FILE.findall(PAGE.read_text()))
    assert {Path(name).name for name in files} >= {"pyproject.toml", "workload.py", "settings.toml"}
    for name, text in files.items():
        path = source / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    (wheel,) = WheelBuilder(str(source)).build(directory=str(source / "dist"))
    target = tmp_path_factory.mktemp("installed")
    zipfile.ZipFile(wheel).extractall(target)
    return target


@pytest.fixture
def port(request: pytest.FixtureRequest) -> Iterator[int]:
    with _Server(("127.0.0.1", 0), request.param) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


def _driven(installed: Path, port: int, *asked: str) -> dict[str, list[object]]:
    command = [sys.executable, "-c", _PROGRAM, str(port), *asked]
    env = {"PYTHONPATH": str(installed)}
    done = subprocess.run(command, capture_output=True, text=True, env=env, check=True)
    answer: dict[str, list[object]] = json.loads(done.stdout)
    return answer


@pytest.mark.parametrize("port", [_Shout], indirect=True)
def test_it_recognises_and_drives_the_server(installed: Path, port: int) -> None:
    answer = _driven(installed, port, "asked")
    assert answer["spoken"] == ["shout"]
    assert answer["checks"] == [
        ["a line", True, "HELLO"],
        ["a long line", True, "60000 characters"],
        ["two clients", True, "B A"],
        ["half-closed", True, "HELLO"],
    ]
    assert answer["dimensions"] == ["shout-life"]


@pytest.mark.parametrize("port", [_Whisper], indirect=True)
def test_another_server_passes_nothing(installed: Path, port: int) -> None:
    answer = _driven(installed, port)
    assert not any(passed for _, passed, _ in answer["checks"])  # type: ignore[misc]
