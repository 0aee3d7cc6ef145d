"""A service as an installed package provides it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from beacon.model.run import Check
from beacon.workloads import discovery
from beacon.workloads.discovery import BrokenServiceError, drivers, find, services
from beacon.workloads.interface import Endpoint, MissingClientError
from beacon.workloads.service import Service

_MODULE = """
from beacon.workloads.service import Service
from beacon.workloads.suite import Suite
from beacon.workloads.suite_workload import SuiteWorkload
suite = Suite()

@suite.check("greeting")
def greeting(server):
    with server.connect() as connection:
        return connection.recv(64).decode()

WORKLOAD = SuiteWorkload("mine", suite, lambda peer, endpoint: peer, ports=(4321,))
SERVICE = Service(
    name="mine", summary="a test", workload="mine", drives="my_service:WORKLOAD", ports=(4321,)
)
"""


def _installed(folder: Path, module: str, value: str = "my_service:SERVICE") -> None:
    """As pip leaves a package with one entry point."""
    (folder / "my_service.py").write_text(module)
    facts = folder / "my_service-1.dist-info"
    facts.mkdir()
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: my-service\nVersion: 1\n")
    (facts / "entry_points.txt").write_text(f"[beacon.services]\nmine = {value}\n")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.syspath_prepend(str(tmp_path))
    discovery.services.cache_clear()
    discovery.drivers.cache_clear()
    yield tmp_path
    sys.modules.pop("my_service", None)
    discovery.services.cache_clear()
    discovery.drivers.cache_clear()


def test_an_installed_package_adds_a_service(folder: Path) -> None:
    _installed(folder, _MODULE)
    assert services()["mine"].ports == (4321,)
    assert discovery.is_known("mine+http")
    program = (
        "from beacon.workloads.discovery import unconfined\n"
        "from beacon.workloads.interface import Endpoint\n"
        "print(unconfined('mine').drive(Endpoint(container='', address=None, ports=()), 1))\n"
    )
    command = [sys.executable, "-c", program]
    done = subprocess.run(
        command, capture_output=True, text=True, env={"PYTHONPATH": str(folder)}, check=True
    )
    assert "name='greeting', passed=False" in done.stdout


@pytest.mark.parametrize(
    ("module", "value", "match"),
    [
        ("raise RuntimeError('\\x1b[2J')", "my_service:SERVICE", r"RuntimeError: .*repair or"),
        ("import no_such_module", "my_service:SERVICE", "ModuleNotFoundError"),
        ("SERVICE = 5", "my_service:SERVICE", "package my-service is not a .*Service"),
        (_MODULE, "my_service:MISSING", "AttributeError"),
        (_MODULE.replace('"mine"', '"http"'), "my_service:SERVICE", "Two installed .* 'http'"),
    ],
)
def test_a_broken_package_is_named(folder: Path, module: str, value: str, match: str) -> None:
    _installed(folder, module, value)
    with pytest.raises(BrokenServiceError, match=match) as caught:
        services()
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("name", sorted(drivers()))
def test_every_workload_names_the_same_checks_without_a_network(name: str) -> None:
    workload = drivers()[name].load()
    checks = workload.drive(Endpoint(container="", address=None, ports=()), 5)
    assert workload.name == name
    assert checks
    assert not any(check.passed for check in checks)
    assert len({check.name for check in checks}) == len(checks)


@pytest.mark.parametrize("name", sorted(services()))
def test_what_a_service_brings_is_there(name: str) -> None:
    service = services()[name]
    assert service.workload in drivers()
    assert service.settings is None or service.settings.is_file()
    for module in service.clients:
        with pytest.MonkeyPatch.context() as patch:
            patch.setitem(sys.modules, module, None)
            with pytest.raises(MissingClientError, match=r"pip install 'beacon-"):
                service.check_clients()


def test_a_name_is_no_markup() -> None:
    with pytest.raises(ValueError, match="a service's name"):
        Service(name="+http", summary="", workload="http")


def test_an_unknown_check_name_belongs_to_nobody() -> None:
    assert (
        find("none").reached(
            Endpoint(container="", address=None, ports=()), (Check("x", passed=True),)
        )
        == frozenset()
    )
