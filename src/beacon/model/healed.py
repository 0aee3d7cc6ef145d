"""What `verify --heal` came to."""

from __future__ import annotations

import msgspec

from beacon.model.missing import Missing
from beacon.model.numbers import Count
from beacon.model.verification import Verification


class Healed(msgspec.Struct, frozen=True, kw_only=True):
    """The verification of the policy as it is now, after so many rounds, and the one `before` them.

    `added` is what it lacked. `refused` is what it still lacks and its intent does not allow,
    without what the intent dropped before.
    """

    verification: Verification
    before: Verification
    added: tuple[Missing, ...] = ()
    refused: tuple[Missing, ...] = ()
    rounds: Count = 0
