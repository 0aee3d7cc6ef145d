from __future__ import annotations

from types import SimpleNamespace

import pytest

from beacon.engines import cri_container
from beacon.engines.cri_client import CriError, NotThereError
from beacon.engines.cri_container import CriContainer


def _container(answers: list[Exception | None]) -> CriContainer:
    """One whose runtime answers so, one answer for each attempt to remove it."""

    def call(*_: object) -> None:
        if (answer := answers.pop(0)) is not None:
            raise answer

    made = object.__new__(CriContainer)
    client = SimpleNamespace(call=call, runtime=SimpleNamespace(RemoveContainer=None))
    vars(made).update(_input=None, _client=client, id="1")
    return made


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cri_container, "_PAUSE", 0)


_RUNNING = CriError("still running")


@pytest.mark.parametrize(
    "answers", [[None], [NotThereError("no such container")], [*[_RUNNING] * 3, None]]
)
def test_what_starts_just_then_is_removed_later(answers: list[Exception | None]) -> None:
    _container(answers)._delete()
    assert not answers


def test_what_cannot_be_removed_is_said() -> None:
    refusals: list[Exception | None] = [*[_RUNNING] * 9]
    with pytest.raises(CriError, match="still running"):
        _container(refusals)._delete()
    assert len(refusals) == 4
