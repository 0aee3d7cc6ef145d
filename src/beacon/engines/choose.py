"""Chooses the engine: the one that was named, or the first that answers on this host."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass

from beacon.engines.docker import DockerEngine
from beacon.engines.interface import Engine, EngineUnavailableError
from beacon.engines.podman import PodmanEngine

#: Opens an engine, by the name of an OCI runtime (None: the one that the engine takes by itself).
Opener = Callable[[str | None], Engine]


def _docker(runtime: str | None) -> Engine:
    return DockerEngine(runtime=runtime)


def _podman(runtime: str | None) -> Engine:
    return PodmanEngine(runtime=runtime)


#: By name, in the order in which they are tried.
ENGINES: Mapping[str, Opener] = {"docker": _docker, "podman": _podman}


@dataclass(frozen=True)
class EngineChoice:
    """What a caller asks for: an engine and an OCI runtime by name; None leaves it to BeaCon."""

    engine: str | None = None
    runtime: str | None = None


def open_chosen(choice: EngineChoice) -> Engine:
    """The engine, which answers; EngineUnavailableError if it does not, or none does."""
    failures = []
    for name in _candidates(choice):
        try:
            return _answering(ENGINES[name], choice.runtime)
        except EngineUnavailableError as error:
            failures.append(error)
    raise _none(failures)


@contextmanager
def open_all() -> Iterator[list[Engine]]:
    """All engines that answer; EngineUnavailableError if none does."""
    with ExitStack() as opened:
        found: list[Engine] = []
        failures = []
        for opener in ENGINES.values():
            try:
                found.append(opened.enter_context(closing(_answering(opener, None))))
            except EngineUnavailableError as error:
                failures.append(error)
        if not found:
            raise _none(failures)
        yield found


def _candidates(choice: EngineChoice) -> list[str]:
    if choice.engine is not None:
        return [choice.engine]
    # Who names Docker's address means Docker.
    return ["docker"] if os.environ.get("DOCKER_HOST") else list(ENGINES)


def _none(failures: list[EngineUnavailableError]) -> EngineUnavailableError:
    if len(failures) == 1:
        return failures[0]
    return EngineUnavailableError(f"No engine can be used. {' '.join(map(str, failures))}")


def _answering(opener: Opener, runtime: str | None) -> Engine:
    engine = opener(runtime)
    try:
        engine.facts()
    except BaseException:
        engine.close()
        raise
    return engine
