from __future__ import annotations

from decimal import Decimal

import pytest

from beacon.pod.quantities import quantity


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("64Mi", 64 << 20),
        ("500m", Decimal("0.5")),
        ("1.5Gi", 3 << 29),
        ("2k", 2000),
        ("1e3", 1000),
        ("12", 12),
        ("1E", 10**18),
        ("", None),
        ("lots", None),
        ("1XX", None),
        ("9e999", None),
        ("100Ei", None),
    ],
)
def test_quantities(text: str, number: object) -> None:
    assert quantity(text) == number
