"""Leave-one-out recall: does the policy from all other environments cover an environment?"""

from __future__ import annotations

import msgspec

from beacon.model.environment import Environment
from beacon.model.event import Event
from beacon.model.numbers import Count


class Lacking(msgspec.Struct, frozen=True):
    """An environment, and what it used that the policy from all other environments denies."""

    environment: Environment
    events: tuple[Event, ...]


class LackingKind(msgspec.Struct, frozen=True):
    """A dimension, and what only runs in which it differs used: the others' policy denies it."""

    dimension: str
    events: tuple[Event, ...]


class Recall(msgspec.Struct, frozen=True):
    """Each of so many ready `environments` beside the default one, left out in turn.

    `lacking` are those in which a container used what the policy derived without them denies. The
    policy is the one for availability: it allows whatever its runs used, infers, and has a reserve.
    `kinds` are the dimensions for which the same holds when all their values are left out at once.
    """

    environments: Count
    lacking: tuple[Lacking, ...] = ()
    kinds: tuple[LackingKind, ...] = ()

    def __post_init__(self) -> None:
        if len({each.environment for each in self.lacking}) != len(self.lacking):
            raise ValueError("an environment lacks something twice")
        if len(self.lacking) > self.environments:
            raise ValueError("more environments lack something than there are")

    @property
    def covered(self) -> int:
        """How many lack nothing."""
        return self.environments - len(self.lacking)

    @property
    def share(self) -> float:
        """The same as a share; 1 without an environment."""
        return self.covered / self.environments if self.environments else 1.0

    def figure(self) -> str:
        """`99.3 % (135 of 136 environments)`."""
        things = "environment" if self.environments == 1 else "environments"
        return f"{100 * self.share:.1f} % ({self.covered} of {self.environments} {things})"
