"""What `beacon policy` comes to at every position of the page's controls."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from beacon.data.cves import cves
from beacon.data.runtimes import Table
from beacon.model.ablation import Ablation
from beacon.model.intent import PRESETS, Intent, Reserve
from beacon.model.policy import Policy
from beacon.model.profile import Profile
from beacon.synthesis.synthesize import synthesize

_STEPS = 20  # of a slider from 0 to 1


class _Traced(Intent, frozen=True, kw_only=True):
    """An intent that keeps every question of its weights, with the answer."""

    trace: dict[tuple[float, float], bool] = msgspec.field(default_factory=dict)

    def allows(self, functionality: float, security: float) -> bool:
        answer = super().allows(functionality, security)
        self.trace[functionality, security] = answer
        return answer

    def is_answered_by(self, weights: Intent) -> bool:
        """Whether these weights give the same answers, so that they come to the same policy."""
        return all(weights.allows(*asked) is answer for asked, answer in self.trace.items())


@dataclass(frozen=True)
class Outcomes:
    """The policies that any position leads to, and which of them each does.

    `security` and `functionality` are the sliders' stops. `places` has, by reserve, a row for each
    stop of functionality with a number of a policy for each stop of security. The weights that a
    policy's own intent and reasons name are those of the first position that led to it.
    """

    security: tuple[float, ...]
    functionality: tuple[float, ...]
    policies: tuple[Policy, ...]
    places: Mapping[Reserve, Sequence[Sequence[int]]]

    @property
    def positions(self) -> int:
        """How many there are."""
        return len(self.security) * len(self.functionality) * len(self.places)

    def at(self, intent: Intent) -> int:
        """The number of the policy for an intent whose weights are stops."""
        row = self.places[intent.reserve][self.functionality.index(intent.functionality)]
        return row[self.security.index(intent.security)]


def outcomes(
    profile: Profile, intent: Intent, runtimes: Table, ablation: Ablation | None = None
) -> Outcomes:
    """Derive them all; the intent gives everything but weights and reserve.

    The weights enter a derivation by comparisons alone. So a position that answers each of them as
    another did comes to the same policy, to the last event, and is not derived.
    """
    chosen = (intent, *PRESETS.values())
    security = _stops(each.security for each in chosen)
    functionality = _stops(each.functionality for each in chosen)
    policies: list[Policy] = []
    places: dict[Reserve, list[list[int]]] = {}
    for reserve in reserves(profile, intent):
        found: list[tuple[_Traced, int]] = []
        rows = places[reserve] = []
        for gain in functionality:
            row: list[int] = []
            for price in security:
                weights = Intent(security=price, functionality=gain)
                place = next((n for each, n in found if each.is_answered_by(weights)), None)
                if place is None:
                    traced = _traced(intent, weights, reserve)
                    place = len(policies)
                    policies.append(_derived(profile, traced, runtimes, ablation))
                    found.insert(0, (traced, place))
                row.append(place)
            rows.append(row)
    return Outcomes(security, functionality, tuple(policies), places)


def reserves(profile: Profile, intent: Intent) -> tuple[Reserve, ...]:
    """Those that make a difference."""
    return tuple(Reserve) if profile.reach is not None else (intent.reserve,)


def _stops(further: Iterator[float]) -> tuple[float, ...]:
    return tuple(sorted({*(n / _STEPS for n in range(_STEPS + 1)), *further}))


def _traced(intent: Intent, weights: Intent, reserve: Reserve) -> _Traced:
    said = msgspec.structs.asdict(intent)
    said |= {
        "security": weights.security,
        "functionality": weights.functionality,
        "reserve": reserve,
    }
    return _Traced(**said)


def _derived(
    profile: Profile, traced: _Traced, runtimes: Table, ablation: Ablation | None
) -> Policy:
    policy = synthesize(
        profile, traced, allow_incomplete=True, runtimes=runtimes, known=cves(), ablation=ablation
    )
    plain = {name: getattr(traced, name) for name in Intent.__struct_fields__}
    return msgspec.structs.replace(policy, intent=Intent(**plain))
