"""Unit tests say what holds, not how fast: a busy machine fails none of them."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from hypothesis import settings

from beacon.process_identity import parse

settings.register_profile("beacon", deadline=None)
settings.register_profile("quick", deadline=None, max_examples=20)
settings.load_profile("beacon")


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name tests alike in each of several workers: a process's label holds its own number."""
    return argname if parse(val) is not None else None


@pytest.fixture(autouse=True, scope="session")
def threads_are_not_traced() -> Iterator[None]:
    """Coverage is of the pure layers, and CPython 3.11 may fail to trace two threads at once."""
    before = threading.gettrace()
    threading.settrace(None)
    yield
    if before is not None:
        threading.settrace(before)
