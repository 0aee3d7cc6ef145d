"""What the user wants of a policy."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

import msgspec

from beacon.model.architecture import Architecture
from beacon.model.environment import Environment, Setting
from beacon.model.event import Event, without_argument
from beacon.model.reach import Scope

#: Among what is to be ignored: whatever does not matter.
EVERYTHING = "*"


class Reserve(StrEnum):
    """What a policy allows of the calls that programs can make and no run showed."""

    NONE = "none"
    HARMLESS = "harmless"  # those whose denial stops no known attack and keeps little closed
    REACHABLE = "reachable"  # all of them


class Intent(msgspec.Struct, frozen=True, kw_only=True):
    """Weights in 0..1, pins, and which environments count.

    An event is allowed when `functionality` times what it does for the container is at least
    `security` times what its denial buys. `allow` and `deny` decide by themselves; a pin on a call
    holds for all its argument classes, unless one has a pin of its own. `matter` and
    `ignore` are settings (`init=yes`) or dimensions (`init`): of environments that matter nothing
    that is needed to start is dropped; runs in environments to be ignored are no evidence. To
    ignore `*` is to ignore whatever does not matter.
    `floor` keeps what the container needs to become ready, whatever it scores. `runtimes` are those
    that shall start it, beside the one that recorded it (`crun`, `runc 1.1.5`). `reserve` says
    what is allowed of the calls that no run showed and that programs within `reach` can make.
    `minimal`: what ablation proved to be unneeded is denied, unless it is pinned. `architectures`
    are those that the policy shall be for, beside the one that recorded it.
    """

    security: float = 0.0
    functionality: float = 1.0
    allow: tuple[Event, ...] = ()
    deny: tuple[Event, ...] = ()
    matter: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    floor: bool = True
    runtimes: tuple[str, ...] = ()
    reserve: Reserve = Reserve.NONE
    reach: Scope = Scope.BESIDE
    minimal: bool = False
    architectures: tuple[Architecture, ...] = ()

    def allows(self, functionality: float, security: float) -> bool:
        """Whether what has these scores is let in; equality lets in."""
        return self.functionality * functionality >= self.security * security

    def weighing(self, functionality: float, security: float) -> str:
        """The same in words: `functionality 0.5 * 1.00 >= security 0.5 * 0.78`."""
        sides = (
            f"functionality {self.functionality:g} * {functionality:.2f}",
            f"security {self.security:g} * {security:.2f}",
        )
        return (" >= " if self.allows(functionality, security) else " < ").join(sides)

    def pin(self, event: Event) -> bool | None:
        """Whether it is pinned as allowed or denied; None if it is not."""
        for each in (event, without_argument(event)):
            if each in self.deny:
                return False
            if each in self.allow:
                return True
        return None

    def matters(self, environment: Environment) -> bool:
        """Whether it is the default one, or made of settings that all matter."""
        return all(setting.is_among(self.matter) for setting in environment.settings)

    def ignores(self, environment: Environment) -> bool:
        """Whether any of its settings is to be ignored."""
        return any(self._ignores(setting) for setting in environment.settings)

    def _ignores(self, setting: Setting) -> bool:
        rest = EVERYTHING in self.ignore and not setting.is_among(self.matter)
        return rest or setting.is_among(self.ignore)


#: The paper's three specifications (arXiv 2512.00414, figure 5).
PRESETS: Mapping[str, Intent] = {
    "availability": Intent(security=0.0, functionality=1.0, reserve=Reserve.HARMLESS),
    "balanced": Intent(security=0.5, functionality=0.5, reserve=Reserve.HARMLESS),
    "strict": Intent(security=0.7, functionality=0.25),
}
