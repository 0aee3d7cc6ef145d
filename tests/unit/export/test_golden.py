"""Golden files: `BEACON_UPDATE_GOLDEN=1 pytest tests/unit/export` writes them anew."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path

import pytest

from beacon.export.all import EXPORTERS, render_all
from beacon.export.interface import Exporter, OptionalExporter
from beacon.export.optional import optional_exporters
from golden import check_golden
from unit.export.policies import POLICIES, plain

GOLDEN = Path(__file__).with_name("golden")
FURTHER = list(optional_exporters(f"example/server@sha256:{'1' * 64}").values())


@pytest.mark.parametrize("exporter", EXPORTERS, ids=lambda exporter: exporter.file)
@pytest.mark.parametrize("name", POLICIES)
def test_golden(exporter: Exporter, name: str) -> None:
    rendered = exporter.render(POLICIES[name]())
    check_golden(GOLDEN / f"{name}.{exporter.file}", rendered)


@pytest.mark.parametrize("name", [name for name in POLICIES if name != "hostile"])
@pytest.mark.parametrize("format_", FURTHER, ids=lambda exporter: exporter.file)
def test_golden_of_what_is_asked_for(format_: OptionalExporter, name: str) -> None:
    rendered = format_.render(POLICIES[name]())
    if format_.name == "oci":  # the layer is seccomp.json's golden file
        rendered = _without_layers(rendered)
    check_golden(GOLDEN / f"{name}.{format_.file.removesuffix('.tar')}", rendered)


def _without_layers(raw: bytes) -> bytes:
    with tarfile.open(fileobj=io.BytesIO(raw)) as tar:
        files = {each.name: tar.extractfile(each) for each in tar}
        contents = {name: file.read() for name, file in files.items() if file}
    return b"".join(
        f"{name}\n".encode() + (content if b"defaultAction" not in content else b"") + b"\n"
        for name, content in contents.items()
    )


def test_each_call_has_one_action() -> None:
    raw = render_all(plain())["seccomp.json"]
    names = [name for rule in json.loads(raw)["syscalls"] for name in rule["names"]]
    assert len(names) == len(set(names))


def test_no_file_names_a_directory() -> None:
    for raw in render_all(plain()).values():
        assert b"seccomp=seccomp.json" in raw or b"seccomp=/" not in raw
    assert b"--security-opt seccomp=seccomp.json " in render_all(plain())["docker.args"]
