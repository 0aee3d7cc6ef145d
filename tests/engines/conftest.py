"""The contract is held against the engines that BEACON_ENGINES names; Docker without it.

An engine that is named and missing is an error.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from beacon.engines.choose import open_chosen
from beacon.engines.interface import Engine, Image
from beacon.monitor.cgroup import remove_tree
from engines.subjects import DEBIAN, NGINX, SUBJECTS, Subject

PARENT = "/beacon-engine-tests"
_NAMED = os.environ.get("BEACON_ENGINES", "docker")
NAMES = list(SUBJECTS) if _NAMED == "all" else _NAMED.split(",")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Take out what an engine lacks: `needs` marks name it, and other tests that it is refused."""
    out = [each for each in items if _lacks(each)]
    if out:
        config.hook.pytest_deselected(items=out)
        items[:] = [each for each in items if each not in out]


#: About one engine each.
_OF_CRI = ("test_cri.py", "test_cri_socket.py", "test_pods.py")


def _lacks(item: pytest.Item) -> bool:
    if item.path.name in _OF_CRI and "cri" not in NAMES:
        return True
    call = getattr(item, "callspec", None)
    subject = SUBJECTS.get(call.params.get("subject", "")) if call is not None else None
    needed = {need for mark in item.iter_markers("needs") for need in mark.args}
    if call is not None and call.params.get("network") == "none":
        needed.add("no network")
    return subject is not None and bool(needed & subject.lacks)


@pytest.fixture(scope="session", params=NAMES)
def subject(request: pytest.FixtureRequest) -> Subject:
    return SUBJECTS[request.param]


@pytest.fixture(scope="session")
def engine(subject: Subject) -> Iterator[Engine]:
    assert os.geteuid() == 0, "the engines need root"
    engine = open_chosen(subject.choice)
    yield engine
    engine.close()
    # Runtimes remove a container's own cgroup, but not the parents that they made on the way.
    for folder in Path("/sys/fs/cgroup").glob(f"*{PARENT}"):
        remove_tree(folder)


@pytest.fixture(scope="session")
def debian(engine: Engine, subject: Subject) -> Image:
    subject.provide(DEBIAN)
    return engine.image(DEBIAN)


@pytest.fixture(scope="session")
def nginx(engine: Engine, subject: Subject) -> Image:
    subject.provide(NGINX)
    return engine.image(NGINX)
