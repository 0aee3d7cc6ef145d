"""What came of checking an image against the policy of an earlier one."""

from __future__ import annotations

import msgspec

from beacon.model.logged import LoggedRun
from beacon.model.missing import Missing
from beacon.model.origin import ImageIdentity
from beacon.model.verification import Difference, DifferenceKind, Verdict, Verification


class Need(msgspec.Struct, frozen=True):
    """What the image does and the policy denies; `opens`: the CVEs that it would open, by id."""

    missing: Missing
    opens: tuple[str, ...] = ()


class ImageCheck(msgspec.Struct, frozen=True, kw_only=True):
    """An image under the policy that was derived from the image `recorded`.

    `alone` are its runs without the policy, compared with what was recorded; `needs` is what it did
    in them beyond the policy, the riskiest first. The `verification` compares the image under the
    policy with itself without. `directory` is the policy's, as the user named it.
    """

    image: ImageIdentity
    recorded: ImageIdentity
    directory: str
    needs: tuple[Need, ...]
    alone: tuple[LoggedRun, ...]
    verification: Verification
    beacon: str

    @property
    def unmet(self) -> tuple[Need, ...]:
        """The needs that no intent wants denied."""
        return tuple(each for each in self.needs if not each.missing.intended)

    @property
    def verdict(self) -> Verdict:
        """Whether the policy holds for the image; if not, whether it is at fault."""
        if self.unmet or self.verification.verdict is Verdict.POLICY:
            return Verdict.POLICY
        works = all(is_answer(run, each) for run in self.alone for each in run.differences)
        return self.verification.verdict if works else Verdict.ENVIRONMENT


def is_answer(run: LoggedRun, difference: Difference) -> bool:
    """Whether an image merely answers otherwise than recorded: nothing failed."""
    failed = {check.name for check in run.outcome.checks if not check.passed}
    return difference.kind is DifferenceKind.CHECK and difference.name not in failed
