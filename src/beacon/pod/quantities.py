"""Quantities as Kubernetes spells them (`64Mi`, `500m`), and as Docker's options do."""

from __future__ import annotations

import re
from decimal import Decimal

_QUANTITY = re.compile(r"(\d+(?:\.\d*)?|\.\d+)([a-zA-Z]{0,2}|[eE][-+]?\d+)", re.ASCII)
#: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
_UNITS = {
    "n": Decimal("1e-9"), "u": Decimal("1e-6"), "m": Decimal("1e-3"), "": Decimal(1),
    "k": Decimal(10) ** 3, "M": Decimal(10) ** 6, "G": Decimal(10) ** 9, "T": Decimal(10) ** 12,
    "P": Decimal(10) ** 15, "E": Decimal(10) ** 18,
    "Ki": Decimal(2) ** 10, "Mi": Decimal(2) ** 20, "Gi": Decimal(2) ** 30,
    "Ti": Decimal(2) ** 40, "Pi": Decimal(2) ** 50, "Ei": Decimal(2) ** 60,
}  # fmt: skip
_LARGEST = Decimal(2) ** 63 - 1


def quantity(text: str) -> Decimal | None:
    """The number, None for what is no quantity."""
    match = _QUANTITY.fullmatch(text)
    if match is None:
        return None
    number, unit = match.groups()
    if unit in _UNITS:
        found = Decimal(number) * _UNITS[unit]
    elif unit[:1] in ("e", "E") and unit[1:]:
        found = Decimal(f"{number}{unit}") if len(unit) < 5 else _LARGEST + 1
    else:
        return None
    return found if found <= _LARGEST else None
