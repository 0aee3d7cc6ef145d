from __future__ import annotations

import pytest

from beacon.campaign import open_context
from beacon.campaign.doctor import examine
from beacon.engines import choose
from beacon.engines.choose import EngineChoice, open_all, open_chosen
from beacon.engines.interface import Engine, EngineFacts, EngineUnavailableError
from beacon.monitor.interface import Monitor
from fakes import FakeEngine


class Named(FakeEngine):
    def __init__(self, name: str, runtime: str | None, *, seccomp: bool = True) -> None:
        super().__init__()
        self.name, self.runtime, self.seccomp, self.closed = name, runtime, seccomp, False

    def facts(self) -> EngineFacts:
        if self.name == "silent":
            raise EngineUnavailableError("silent does not answer: wake it.")
        runtime = self.runtime or "runc"
        return EngineFacts(
            name=self.name,
            version="1",
            runtime=runtime,
            cgroup_driver="cgroupfs",
            seccomp=self.seccomp,
        )

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[Named]:
    """Three engines, of which the first does not answer; those that were opened, in order."""
    made: list[Named] = []

    def opener(name: str) -> choose.Opener:
        def open_(runtime: str | None) -> Engine:
            made.append(Named(name, runtime))
            return made[-1]

        return open_

    names = ("silent", "second", "third")
    for module in ("engines.choose", "campaign.open_context", "campaign.doctor"):
        monkeypatch.setattr(f"beacon.{module}.ENGINES", {name: opener(name) for name in names})
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    return made


def test_the_first_that_answers(opened: list[Named]) -> None:
    said: list[str] = []
    assert open_context.open_engine(EngineChoice(), said.append) is opened[1]
    assert [(each.name, each.closed) for each in opened] == [("silent", True), ("second", False)]
    assert said == ["Note: the engine is second 1 with runc, because no silent answers."]


def test_one_by_name_with_its_runtime(opened: list[Named]) -> None:
    said: list[str] = []
    engine = open_context.open_engine(EngineChoice("third", "crun"), said.append)
    assert engine.facts().runtime == "crun"
    assert [each.name for each in opened] == ["third"]
    assert said == []
    with pytest.raises(EngineUnavailableError, match=r"^silent does not answer: wake it\.$"):
        open_chosen(EngineChoice("silent"))


def test_none(opened: list[Named], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choose, "ENGINES", dict.fromkeys(("a", "b"), choose.ENGINES["silent"]))
    said = r"^No engine can be used\. silent does"
    with pytest.raises(EngineUnavailableError, match=said):
        open_chosen(EngineChoice())
    with pytest.raises(EngineUnavailableError, match=said), open_all():
        pass


def test_all(opened: list[Named]) -> None:
    with open_all() as found:
        assert [engine.facts().name for engine in found] == ["second", "third"]
    assert all(each.closed for each in opened)


def test_who_names_docker_s_address_means_docker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
    openers = {
        "docker": lambda runtime: Named("silent", runtime),
        "podman": lambda runtime: Named("podman", runtime),
    }
    monkeypatch.setattr(choose, "ENGINES", openers)
    with pytest.raises(EngineUnavailableError, match=r"^silent does not answer"):
        open_chosen(EngineChoice())


def no_monitor() -> Monitor:
    raise EngineUnavailableError("No monitor here.")


def test_one_engine_is_enough_for_doctor(opened: list[Named]) -> None:
    found = {each.name: each for each in examine(open_chosen, no_monitor)}
    silent, second = found["engine silent"], found["engine second"]
    assert (silent.ok, silent.needed) == (False, False)
    assert silent.detail == "silent does not answer: wake it."
    assert (second.ok, second.detail) == (True, "1 with runc; it installs filters.")
    assert all(each.closed for each in opened)
