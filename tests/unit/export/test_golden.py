"""Golden files: `BEACON_UPDATE_GOLDEN=1 pytest tests/unit/export` writes them anew."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from beacon.export.all import EXPORTERS, render_all
from beacon.export.interface import Exporter
from golden import check_golden
from unit.export.policies import POLICIES, plain

GOLDEN = Path(__file__).with_name("golden")


@pytest.mark.parametrize("exporter", EXPORTERS, ids=lambda exporter: exporter.file)
@pytest.mark.parametrize("name", POLICIES)
def test_golden(exporter: Exporter, name: str) -> None:
    rendered = exporter.render(POLICIES[name]())
    check_golden(GOLDEN / f"{name}.{exporter.file}", rendered)


def test_each_call_has_one_action() -> None:
    raw = render_all(plain())["seccomp.json"]
    names = [name for rule in json.loads(raw)["syscalls"] for name in rule["names"]]
    assert len(names) == len(set(names))


def test_no_file_names_a_directory() -> None:
    for raw in render_all(plain()).values():
        assert b"seccomp=seccomp.json" in raw or b"seccomp=/" not in raw
    assert b"--security-opt seccomp=seccomp.json " in render_all(plain())["docker.args"]
