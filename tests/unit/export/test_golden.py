"""Golden files: `BEACON_UPDATE_GOLDEN=1 pytest tests/unit/export` writes them anew."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from beacon.errors import ExitCode
from beacon.export.all import EXPORTERS, render_all
from beacon.export.docker_args import DockerArgsExporter
from beacon.export.interface import Exporter, UnusableDirectoryError
from golden import check_golden
from unit.export.policies import POLICIES, plain

GOLDEN = Path(__file__).with_name("golden")


@pytest.mark.parametrize("exporter", EXPORTERS, ids=lambda exporter: exporter.file)
@pytest.mark.parametrize("name", POLICIES)
def test_golden(exporter: Exporter, name: str) -> None:
    rendered = exporter.render(POLICIES[name](), Path("/policies/example"))
    check_golden(GOLDEN / f"{name}.{exporter.file}", rendered)


def test_each_call_has_one_action() -> None:
    raw = render_all(plain(), Path("/policies"))["seccomp.json"]
    names = [name for rule in json.loads(raw)["syscalls"] for name in rule["names"]]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    "path", ["/a b", "/a\tb", "/a*", "/a[b]", "/a\nb", "/a'b", "/a\\b", "/a$b", "/a`b", "/a;b"]
)
def test_paths_that_a_shell_would_split(path: str) -> None:
    with pytest.raises(UnusableDirectoryError) as failure:
        DockerArgsExporter().render(plain(), Path(path))
    assert failure.value.exit_code is ExitCode.USAGE


def test_a_relative_directory_becomes_absolute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    arguments = render_all(plain(), Path("policy"))["docker.args"].decode()
    assert f"seccomp={tmp_path.resolve()}/policy/seccomp.json " in arguments
