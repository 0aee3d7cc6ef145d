"""Every end-to-end test starts and ends with a clean host."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from e2e.commands import leftovers


@pytest.fixture(autouse=True)
def nothing_left_behind() -> Iterator[None]:
    assert os.geteuid() == 0, "the end-to-end tests need root"
    assert leftovers() == []
    yield
    assert leftovers() == []
