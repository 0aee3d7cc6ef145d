"""Runs of one engine are not continued by another."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from beacon.campaign.context import RunContext
from beacon.cli import fleet
from beacon.engines.choose import EngineChoice
from fakes import IMAGE, FakeEngine
from unit.documents.harness import check, fake_host


def _of(monkeypatch: pytest.MonkeyPatch, **changes: str) -> None:
    """Another engine than the fake one."""
    facts = replace(FakeEngine().facts(), **changes)  # type: ignore[arg-type]
    monkeypatch.setattr(FakeEngine, "facts", lambda _: facts)


@pytest.mark.parametrize("changes", [{"name": "other"}, {"runtime": "other 1.0"}])
@pytest.mark.parametrize("command", ["profile", "ablate"])
def test_another_engine_or_runtime_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str, changes: dict[str, str]
) -> None:
    (tmp_path / "home").mkdir()
    fake_host(monkeypatch, tmp_path / "home")
    folder = tmp_path / "profile"
    words = ("--strategy", "baseline", "--ready-after", "0.1", "-o", folder, IMAGE.reference)
    again = {
        "profile": ("profile", "--resume", *words),
        "ablate": ("ablate", "--resume", "--starts", "0", folder),
    }[command]
    assert check(tmp_path, "profile", *words)[0] == 0
    code, _, said = check(tmp_path, *again)
    assert code == 0, said
    _of(monkeypatch, **changes)
    code, _, said = check(tmp_path, *again)
    assert code == 2, said
    assert "is of another campaign (another image, option, engine" in said


def _chosen(monkeypatch: pytest.MonkeyPatch, scheduler: str | None, *words: str) -> EngineChoice:
    @contextmanager
    def opened(choice: EngineChoice, say: object) -> Iterator[RunContext]:
        assert scheduler is None, "a cluster's engines are those of its hosts"
        assert choice == EngineChoice(*words)
        yield RunContext(engine=FakeEngine(), monitor=None)  # type: ignore[arg-type]

    monkeypatch.setattr(fleet, "open_context", opened)
    names = dict(zip(("engine", "runtime"), words, strict=False))
    options: Any = SimpleNamespace(
        **{"engine": None, "runtime": None, **names}, scheduler=scheduler
    )
    lines: Any = None
    return fleet._engine(options, lines)


def test_a_fleet_has_one_engine_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    assert _chosen(monkeypatch, None) == EngineChoice("fake")
    assert _chosen(monkeypatch, None, "podman", "crun") == EngineChoice("fake", "crun")


def test_the_hosts_of_a_cluster_choose_where_nothing_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert _chosen(monkeypatch, "tcp://scheduler:1") == EngineChoice()
    named = _chosen(monkeypatch, "tcp://scheduler:1", "podman", "crun")
    assert named == EngineChoice("podman", "crun")
