"""Chooses the engine: the one that was named, or the first that answers on this host."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass

from beacon.engines.docker import DockerEngine
from beacon.engines.interface import Engine, EngineUnavailableError
from beacon.engines.podman import PodmanEngine

#: Where a CRI runtime listens, in the words of crictl.
CRI_ENDPOINT = "CONTAINER_RUNTIME_ENDPOINT"

#: Opens an engine, by the name of an OCI runtime (None: the one that the engine takes by itself).
Opener = Callable[[str | None], Engine]


def _docker(runtime: str | None) -> Engine:
    return DockerEngine(runtime=runtime)


def _podman(runtime: str | None) -> Engine:
    return PodmanEngine(runtime=runtime)


def _cri(runtime: str | None) -> Engine:
    # Only here: its library is an extra.
    from beacon.engines.cri import CriEngine, named_socket

    return CriEngine(named_socket(), runtime=runtime)


#: By name, in the order in which they are tried.
ENGINES: Mapping[str, Opener] = {"docker": _docker, "podman": _podman, "cri": _cri}
#: The one that starts Pods.
PODS = "cri"
#: Those that are not tried unless they are named: a runtime is the kubelet's, or starts for us.
_ON_REQUEST = frozenset({"cri"})


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
        for name, opener in ENGINES.items():
            if name in _ON_REQUEST and not os.environ.get(CRI_ENDPOINT):
                continue
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
    if os.environ.get("DOCKER_HOST"):
        return ["docker"]
    return [name for name in ENGINES if name not in _ON_REQUEST]


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
