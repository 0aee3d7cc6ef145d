"""What came of checking an image against the policy of an earlier one."""

from __future__ import annotations

import msgspec

from beacon.model.missing import Missing
from beacon.model.origin import ImageIdentity
from beacon.model.verification import Verdict, Verification


class Need(msgspec.Struct, frozen=True):
    """What the image does and the policy denies; `opens`: the CVEs that it would open, by id."""

    missing: Missing
    opens: tuple[str, ...] = ()


class ImageCheck(msgspec.Struct, frozen=True):
    """An image under the policy that was derived from the image `recorded`.

    `needs` are what it did beyond the policy while nothing was denied, the riskiest first. The
    `verification` is that of the image under the policy. `directory` is the policy's, as the user
    named it.
    """

    image: ImageIdentity
    recorded: ImageIdentity
    directory: str
    needs: tuple[Need, ...]
    verification: Verification
    beacon: str

    @property
    def unmet(self) -> tuple[Need, ...]:
        """The needs that no intent wants denied."""
        return tuple(each for each in self.needs if not each.missing.intended)

    @property
    def verdict(self) -> Verdict:
        """Whether the policy holds for the image; if not, whether it is at fault."""
        return Verdict.POLICY if self.unmet else self.verification.verdict
