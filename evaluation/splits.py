"""What the reserve costs where the future is not known: CVEs that came after a date."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import mean

import msgspec

from beacon.model.intent import PRESETS, Reserve
from beacon.model.profile import Profile
from beacon.synthesis.synthesize import synthesize
from policies import counted, stopped

YEARS = (2020, 2022, 2024)


class Split(msgspec.Struct, frozen=True):
    """Policies that know the CVEs of the years before `year`: the shares of later ones stopped."""

    year: int
    later: int
    without: float
    with_reserve: float


def splits(profiles: Sequence[Profile]) -> Iterator[Split]:
    """Averages over the images, under availability. The surface's weights are those of today."""
    for year in YEARS:
        known = [cve for cve in counted() if _year(cve.id) < year]
        later = [cve for cve in counted() if _year(cve.id) >= year]
        shares = []
        for reserve in (Reserve.NONE, Reserve.HARMLESS):
            intent = msgspec.structs.replace(PRESETS["availability"], reserve=reserve)
            policies = (
                synthesize(each, intent, allow_incomplete=True, known=known) for each in profiles
            )
            shares.append(
                mean(len(stopped(each.events(), later)) for each in policies) / len(later)
            )
        yield Split(year, len(later), *shares)


def _year(cve: str) -> int:
    return int(cve.split("-")[1])
