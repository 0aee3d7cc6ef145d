"""All that one page shows and its script selects from, and the same as the script's data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from beacon.data.runtimes import Table
from beacon.errors import NothingObservedError
from beacon.model.intent import PRESETS, Intent, Reserve
from beacon.model.policy import Policy
from beacon.model.text import escape_for_terminal
from beacon.page.intent_text import exact
from beacon.page.outcomes import Outcomes, outcomes
from beacon.page.states import State, States
from beacon.page.subject import Subject


@dataclass(frozen=True)
class PageModel:
    """The policies of a page: `policies[shown]` is the one that it opens with.

    That is the written one where there is one, whatever a derivation comes to today: it may have
    been healed, or be an older version's. `selection` is None where there is no profile to derive
    from, `why_not` the reason why a profile yields no policy.
    """

    subject: Subject
    policies: tuple[Policy, ...]
    shown: int
    selection: Outcomes | None = None
    why_not: str | None = None

    @property
    def intent(self) -> Intent:
        """Where the controls stand at first."""
        return self.subject.intent

    @cached_property
    def states(self) -> States:
        """What each of the policies says."""
        return States(self.policies)

    def presets(self) -> Mapping[str, Intent]:
        """Those that the controls can reach: their pins are the page's own."""
        return PRESETS if self.selection is not None else {}

    def reserves(self) -> Sequence[Reserve]:
        """The choices."""
        return () if self.selection is None else tuple(self.selection.places)


def page_model(subject: Subject, runtimes: Table) -> PageModel:
    """Derive whatever the controls may lead to; errors as those of `synthesize`."""
    written = () if subject.policy is None else (subject.policy,)
    if subject.profile is None:
        return PageModel(subject, written, 0)
    try:
        found = outcomes(subject.profile, subject.intent, runtimes, subject.ablation)
    except NothingObservedError as error:
        return PageModel(subject, written, 0, why_not=str(error))
    shown = len(found.policies) if written else found.at(subject.intent)
    return PageModel(subject, (*found.policies, *written), shown, found)


def script_data(model: PageModel) -> dict[str, Any] | None:
    """What the script selects from; None where there is nothing to select.

    A stop is written exactly, and as reasons write it. Each policy comes as its differences from
    the one that is shown: numbers of rows, each followed by the number of a state or a string.
    """
    if model.selection is None:
        return None
    packed = _Packed()
    events = [packed.states(model.states.of_events(n)) for n in range(len(model.policies))]
    cves = [packed.strings(model.states.of_cves(n)) for n in range(len(model.policies))]
    return {
        "security": [[exact(each), f"{each:g}"] for each in model.selection.security],
        "functionality": [[exact(each), f"{each:g}"] for each in model.selection.functionality],
        "places": model.selection.places,
        "presets": {
            name: [
                model.selection.security.index(each.security),
                model.selection.functionality.index(each.functionality),
                each.reserve,
            ]
            for name, each in model.presets().items()
        },
        "shown": model.shown,
        "states": packed.found_states(),
        "strings": list(packed.numbers),
        "events": events[model.shown],
        "cves": cves[model.shown],
        "outcomes": [
            {
                "counts": model.states.counts(n),
                "events": _changes(events[model.shown], events[n]),
                "cves": _changes(cves[model.shown], cves[n]),
            }
            for n in range(len(model.policies))
        ],
    }


class _Packed:
    """Strings and states by the numbers that they get; strings are harmless as texts of a node."""

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}
        self._states: dict[State, int] = {}

    def string(self, text: str) -> int:
        return self.numbers.setdefault(escape_for_terminal(text), len(self.numbers))

    def strings(self, texts: Sequence[str]) -> list[int]:
        return [self.string(each) for each in texts]

    def states(self, states: Sequence[State]) -> list[int]:
        return [self._states.setdefault(each, len(self._states)) for each in states]

    def found_states(self) -> list[list[Any]]:
        """Each as [allowed, F, S, why or null, for what, what its denial buys]."""
        return [
            [
                int(each.allowed),
                each.functionality,
                each.security,
                None if each.because is None else self.string(each.because),
                self.string(each.use),
                self.string(each.gain),
            ]
            for each in self._states
        ]


def _changes(before: Sequence[int], after: Sequence[int]) -> list[int]:
    """Places and what stands there otherwise, in turn."""
    pairs = zip(before, after, strict=True)
    return [each for n, (old, new) in enumerate(pairs) if old != new for each in (n, new)]
