from __future__ import annotations

from beacon.data.capabilities import worths
from beacon.data.kernel import tables


def test_every_capability_has_a_worth_and_a_reason() -> None:
    assert set(worths()) == set(tables().capabilities)
    assert all(0 < worth.weight <= 1 and worth.why for worth in worths().values())
