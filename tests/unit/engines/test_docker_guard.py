from __future__ import annotations

import gc

import pytest
import requests
from docker.errors import APIError, DockerException

from beacon.engines.docker import DockerEngine
from beacon.engines.docker_guard import answering
from beacon.engines.interface import EngineUnavailableError, RefusedError


def test_a_refusal_is_one_printable_line_of_bounded_length() -> None:
    with pytest.raises(RefusedError) as refusal, answering():
        raise APIError("x", explanation="no\n\tway \x1b[31m\u202e " + "z" * 9000)
    text = str(refusal.value)
    assert text.startswith("The engine refused: no way \\x1b[31m")
    assert text.isprintable()
    assert len(text) < 350


@pytest.mark.parametrize(
    "error",
    [
        DockerException("x"),
        requests.exceptions.ConnectionError("x"),
        requests.exceptions.ReadTimeout("x"),
    ],
)
def test_no_answer(error: Exception) -> None:
    with pytest.raises(EngineUnavailableError, match="The engine does not answer"), answering():
        raise error


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_an_engine_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
    with pytest.raises(EngineUnavailableError) as failure:
        DockerEngine()
    assert "unix:///nowhere/docker.sock (No such file or directory)" in str(failure.value)
    del failure
    gc.collect()  # the SDK leaves the socket that it could not connect to the garbage collector


def test_other_errors_pass() -> None:
    with pytest.raises(KeyError), answering():
        raise KeyError("x")
