"""Unit tests say what holds, not how fast: a busy machine fails none of them."""

from __future__ import annotations

from hypothesis import settings

from beacon.process_identity import parse

settings.register_profile("beacon", deadline=None)
settings.load_profile("beacon")


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name tests alike in each of several workers: a process's label holds its own number."""
    return argname if parse(val) is not None else None
